"""The ledger: money and credits move here and in ``holds``, and nowhere else.

Each move is one SQL statement that changes the wallet and writes the entry together, so no crash and no second request
can come between. It lets go of the wallet before the disk has it, and waits for the disk then, together with whoever
came next (``config.platform.commits``): ``python -m bench.ledger`` measures it beside the row lock that one would write
first.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from decimal import Decimal
from typing import TypedDict, TypeVar, Unpack

from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from commerce.models import PURCHASE, FinanceOperation, Order, Wallet
from config.api.errors import DomainError, NotFound
from config.platform.commits import LOCKS_GO_EARLY, before_anybody_is_told

M = TypeVar("M", bound=models.Model)

_MOVE = f"""
WITH {LOCKS_GO_EARLY}, moved AS (
    UPDATE commerce_wallet SET balance = balance + %(change)s, updated_at = %(now)s FROM early
    WHERE id = %(wallet)s AND closed_at IS NULL AND balance + %(change)s >= held
      AND NOT EXISTS (SELECT FROM commerce_financeoperation WHERE idempotency_key = %(key)s)
    RETURNING id, tenant_id, user_id, balance
)
INSERT INTO commerce_financeoperation (
    tenant_id, wallet_id, user_id, type, status, amount, balance_after, description, reference_type, reference_id,
    effect_name, idempotency_key, created_at, executed_at, canceled_info
)
SELECT tenant_id, id, user_id, %(type)s, 2, %(amount)s, balance, %(description)s, %(reference_type)s, %(reference_id)s,
    '', %(key)s, %(now)s, %(now)s, ''
FROM moved RETURNING id, tenant_id, user_id, balance_after
"""

_EXECUTE = f"""
WITH {LOCKS_GO_EARLY}, open AS (
    SELECT id, wallet_id, amount * CASE type WHEN 1 THEN 1 ELSE -1 END AS change
    FROM commerce_financeoperation, early WHERE id = %(operation)s AND status IN (1, 3)
    FOR UPDATE OF commerce_financeoperation
), moved AS (
    UPDATE commerce_wallet SET balance = balance + open.change, updated_at = %(now)s FROM open
    WHERE commerce_wallet.id = open.wallet_id AND closed_at IS NULL AND balance + open.change >= held
    RETURNING balance
)
UPDATE commerce_financeoperation SET status = 2, balance_after = moved.balance, executed_at = %(now)s
FROM open, moved WHERE commerce_financeoperation.id = open.id RETURNING commerce_financeoperation.*
"""


class Details(TypedDict, total=False):
    """What an entry may say besides its amount."""

    description: str
    reference_type: str
    reference_id: int | None


def enroll(
    *, wallet: Wallet, amount: Decimal | int, idempotency_key: str, **details: Unpack[Details]
) -> FinanceOperation:
    """Put an amount into a wallet, once per key."""
    return _move(wallet, FinanceOperation.Type.ENROLLMENT, Decimal(amount), idempotency_key, **details)


def write_off(
    *, wallet: Wallet, amount: Decimal | int, idempotency_key: str, **details: Unpack[Details]
) -> FinanceOperation:
    """Take an amount out of a wallet, once per key. Raises DomainError ``insufficient_funds`` (422)."""
    return _move(wallet, FinanceOperation.Type.WRITE_OFF, Decimal(amount), idempotency_key, **details)


class OfOrder(TypedDict):
    """What an entry says of the order it belongs to."""

    reference_type: str
    reference_id: int
    idempotency_key: str


def of_order(order: Order, what: str) -> OfOrder:
    """The details of the order's one entry of this name."""
    return {"reference_type": PURCHASE, "reference_id": order.pk, "idempotency_key": f"order:{order.pk}:{what}"}


def execute(operation: FinanceOperation) -> FinanceOperation:
    """Let an open operation move its wallet. Raises DomainError when it is no longer open, or the funds are short."""
    found = one_row(FinanceOperation, _EXECUTE, {"operation": operation.pk, "now": timezone.now()})
    if found is None:
        operation.refresh_from_db()
        if operation.is_open:
            raise insufficient(Wallet._base_manager.get(pk=operation.wallet_id), operation.amount)
        raise not_open(operation)
    return found


def not_open(operation: FinanceOperation) -> DomainError:
    """What an executed or cancelled operation answers to whoever would change it."""
    return DomainError(
        "operation_not_open",
        f"The operation is {operation.get_status_display().lower()} and stays so.",
        data={"status": operation.status},
    )


def insufficient(wallet: Wallet, amount: Decimal) -> DomainError:
    """``insufficient_funds`` with the figures, or ``wallet_closed``."""
    if wallet.closed_at is not None:
        return DomainError("wallet_closed", "This wallet is closed.")
    return DomainError(
        "insufficient_funds",
        f"This takes {amount.normalize():f} {wallet.currency}; you have {wallet.available.normalize():f} to spend.",
        data={"required": amount, "balance": wallet.available, "currency": wallet.currency},
    )


def one_row(model: type[M], sql: str, params: Mapping[str, object]) -> M | None:
    """The row that the statement returns, if any; on disk when the transaction has ended."""
    found = next(iter(model._base_manager.raw(sql, params)), None)
    before_anybody_is_told()
    return found


def one_row_unless_taken(model: type[M], sql: str, params: Mapping[str, object]) -> M | None:
    """The same, or None when another transaction was faster with the same key; the caller's transaction goes on."""
    # A statement on its own is a transaction already; two more round trips would halve the pace of a hot wallet.
    guard = transaction.atomic() if connection.in_atomic_block else nullcontext()
    try:
        with guard:
            return one_row(model, sql, params)
    except IntegrityError:
        # What the other one wrote is answered next, and need not be on disk yet.
        before_anybody_is_told()
        return None


def _move(
    wallet: Wallet,
    type: FinanceOperation.Type,
    amount: Decimal,
    key: str,
    *,
    description: str = "",
    reference_type: str = "",
    reference_id: int | None = None,
) -> FinanceOperation:
    if not amount.is_finite() or amount <= 0:
        raise ValueError(f"{amount} can't be moved")
    entry = {
        "wallet": wallet.pk,
        "type": type.value,
        "amount": amount,
        "change": amount if type == FinanceOperation.Type.ENROLLMENT else -amount,
        "description": description[:255],
        "reference_type": reference_type,
        "reference_id": reference_id,
        "key": key,
        "now": timezone.now(),
    }
    found = one_row_unless_taken(FinanceOperation, _MOVE, entry)
    return found or _replay(wallet, type, amount, key)


def _replay(wallet: Wallet, type: FinanceOperation.Type, amount: Decimal, key: str) -> FinanceOperation:
    """The entry that this key made before; or why nothing was moved."""
    entry = FinanceOperation._base_manager.filter(idempotency_key=key).first()
    if entry is None:
        current = Wallet._base_manager.filter(pk=wallet.pk).first()
        if current is None:
            raise NotFound("Wallet not found")
        raise insufficient(current, amount)
    if (entry.wallet_id, entry.type, entry.amount) != (wallet.pk, type, amount):
        raise DomainError("idempotency_conflict", "This key was already used for another operation.")
    return entry
