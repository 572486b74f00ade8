"""Holds: what a render will cost is set aside when it is queued, and paid only if it succeeds.

Every verb is one SQL statement, happens once however often it is called, and belongs to the caller's transaction: the
state of the render and of its credits change together or not at all.
"""

from __future__ import annotations

from django.utils import timezone

from accounts.models import User
from accounts.services.acting import refuse_acting
from commerce.models import CreditHold, FinanceOperation, Wallet
from commerce.services.ledger import one_row, one_row_unless_taken
from commerce.services.wallets import open_credit_wallet
from config.api.errors import DomainError
from config.platform.commits import LOCKS_GO_EARLY
from tenants.scope import tenant_scope

_HOLD = f"""
WITH {LOCKS_GO_EARLY}, reserved AS (
    UPDATE commerce_wallet SET held = held + %(amount)s, updated_at = %(now)s FROM early
    WHERE id = %(wallet)s AND balance - held >= %(amount)s
      AND NOT EXISTS (SELECT FROM commerce_credithold WHERE idempotency_key = %(key)s)
    RETURNING id, tenant_id, user_id
)
INSERT INTO commerce_credithold (
    tenant_id, wallet_id, user_id, status, amount, description, reference_type, reference_id, effect_id, effect_name,
    idempotency_key, created_at
)
SELECT tenant_id, id, user_id, 'held', %(amount)s, %(description)s, %(reference_type)s, %(reference_id)s, %(effect_id)s,
    %(effect_name)s, %(key)s, %(now)s
FROM reserved RETURNING *
"""

_CAPTURE = f"""
WITH {LOCKS_GO_EARLY}, settled AS (
    UPDATE commerce_credithold SET status = 'captured', settled_at = %(now)s FROM early
    WHERE id = %(hold)s AND status = 'held' RETURNING commerce_credithold.*
), moved AS (
    UPDATE commerce_wallet SET balance = balance - amount, held = held - amount, updated_at = %(now)s
    FROM settled WHERE commerce_wallet.id = settled.wallet_id RETURNING commerce_wallet.balance
)
INSERT INTO commerce_financeoperation (
    tenant_id, wallet_id, user_id, type, status, amount, balance_after, description, reference_type, reference_id,
    effect_id, effect_name, idempotency_key, created_at, executed_at, canceled_info
)
SELECT tenant_id, wallet_id, user_id, 2, 2, amount, moved.balance, description, reference_type, reference_id,
    effect_id, effect_name, %(key)s, %(now)s, %(now)s, ''
FROM settled, moved RETURNING *
"""

_RELEASE = f"""
WITH {LOCKS_GO_EARLY}, settled AS (
    UPDATE commerce_credithold SET status = 'released', settled_at = %(now)s FROM early
    WHERE id = %(hold)s AND status = 'held' RETURNING commerce_credithold.*
), moved AS (
    UPDATE commerce_wallet SET held = held - amount, updated_at = %(now)s
    FROM settled WHERE commerce_wallet.id = settled.wallet_id RETURNING commerce_wallet.id
)
SELECT settled.* FROM settled, moved
"""

_CHANGE = f"""
WITH {LOCKS_GO_EARLY}, was AS (
    SELECT id, wallet_id, %(amount)s - amount AS more FROM commerce_credithold, early
    WHERE id = %(hold)s AND status = 'held' FOR UPDATE OF commerce_credithold
), moved AS (
    UPDATE commerce_wallet SET held = held + was.more, updated_at = %(now)s FROM was
    WHERE commerce_wallet.id = was.wallet_id AND balance - held >= was.more RETURNING commerce_wallet.id
)
UPDATE commerce_credithold SET amount = %(amount)s FROM moved WHERE commerce_credithold.id = %(hold)s
RETURNING commerce_credithold.*
"""


def hold_credits(
    *,
    user: User,
    amount: int,
    reference_type: str,
    reference_id: int,
    description: str,
    idempotency_key: str,
    effect_id: int | None = None,
    effect_name: str = "",
) -> CreditHold:
    """Set credits of the user's aside for what the reference names, once per key.

    Raises DomainError ``insufficient_credits`` (422) with ``required_tokens`` and ``balance``.
    """
    if amount <= 0:
        raise ValueError(f"{amount} credits can't be held")
    refuse_acting()
    wallet = open_credit_wallet(user=user)
    wanted = {
        "wallet": wallet.pk,
        "amount": amount,
        "description": description[:255],
        "reference_type": reference_type,
        "reference_id": reference_id,
        "effect_id": effect_id,
        "effect_name": effect_name[:255],
        "key": idempotency_key,
        "now": timezone.now(),
    }
    with tenant_scope(user.tenant_id):
        hold = one_row_unless_taken(CreditHold, _HOLD, wanted)
        return hold or _replay(wallet, amount, idempotency_key)


def capture_hold(hold: CreditHold) -> FinanceOperation:
    """The work is done: take what was held. Raises DomainError ``hold_settled`` (409) for a released hold."""
    key = f"hold:{hold.pk}"
    with tenant_scope(hold.tenant_id):
        entry = one_row(FinanceOperation, _CAPTURE, {"hold": hold.pk, "key": key, "now": timezone.now()})
        if entry is not None:
            # No further question: the wallet is locked, and others wait for it.
            hold.status, hold.settled_at = CreditHold.Status.CAPTURED, entry.executed_at
            return entry
        hold.refresh_from_db()
        if hold.status != CreditHold.Status.CAPTURED:
            raise _settled(hold)
        return FinanceOperation.objects.get(idempotency_key=key)


def change_hold(hold: CreditHold, amount: int) -> CreditHold:
    """The work has become more or less: set so much aside for it instead.

    Raises DomainError ``insufficient_credits`` (422) as ``hold_credits`` does, and ``hold_settled`` (409).
    """
    if amount <= 0:
        raise ValueError(f"{amount} credits can't be held")
    if amount > hold.amount:
        refuse_acting()
    with tenant_scope(hold.tenant_id):
        found = one_row(CreditHold, _CHANGE, {"hold": hold.pk, "amount": amount, "now": timezone.now()})
        before = hold.amount
        hold.refresh_from_db()
        if found is None and hold.status != CreditHold.Status.HELD:
            raise _settled(hold)
        if found is None:
            wallet = Wallet.objects.get(pk=hold.wallet_id)
            raise _insufficient(wallet, amount - before)
    return hold


def release_hold(hold: CreditHold) -> CreditHold:
    """The work was not done: give back what was held. Raises DomainError ``hold_settled`` (409) for a captured hold."""
    with tenant_scope(hold.tenant_id):
        one_row(CreditHold, _RELEASE, {"hold": hold.pk, "now": timezone.now()})
        hold.refresh_from_db()
    if hold.status != CreditHold.Status.RELEASED:
        raise _settled(hold)
    return hold


def ensure_affordable(*, user: User, amount: int) -> None:
    """Ask beforehand; whether it is still so is only known once the credits are held.

    Raises DomainError ``insufficient_credits`` as ``hold_credits`` does.
    """
    wallet = open_credit_wallet(user=user)
    if wallet.available < amount:
        raise _insufficient(wallet, amount)


def _insufficient(wallet: Wallet, amount: int) -> DomainError:
    return DomainError(
        "insufficient_credits",
        f"This costs {amount} credits; you have {wallet.available:.0f} to spend.",
        data={"required_tokens": amount, "balance": wallet.available},
    )


def _settled(hold: CreditHold) -> DomainError:
    return DomainError("hold_settled", f"The credits were already {hold.status}.", status=409)


def _replay(wallet: Wallet, amount: int, key: str) -> CreditHold:
    """The hold that this key made before; or why there is none."""
    hold = CreditHold._base_manager.filter(idempotency_key=key).first()
    if hold is None:
        wallet.refresh_from_db()
        raise _insufficient(wallet, amount)
    if (hold.wallet_id, hold.amount) != (wallet.pk, amount):
        raise DomainError("idempotency_conflict", "This key was already used for another hold.")
    return hold
