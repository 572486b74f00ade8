"""Balances that staff put right: a new ledger entry with a reason, and above a set amount a second member
of the staff who approves.

What waits for the second is an open operation: approving it is ``finance.change_status``, which asks who began it.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from accounts.services.audit import record
from commerce.models import ADJUSTMENT, FinanceOperation, Wallet
from commerce.services import ledger
from commerce.services.currencies import check_amount
from commerce.services.locks import lock_wallets
from config.api.errors import DomainError, Forbidden, ValidationFailed
from config.api.why import check_reason
from tenants.scope import all_tenants

PERMISSION: Final = "commerce.change_wallet"
MAX_ADJUSTMENT = Decimal(999_999_999)
ONE_AFTER_ANOTHER = timedelta(hours=24)
"""What one member of the staff does to one wallet in this time counts as one: splitting it is no way round."""


@all_tenants()
def adjust(*, staff: User, wallet: Wallet, change: Decimal, reason: str, key: str) -> FinanceOperation:
    """Put ``change`` into the wallet, or take it out if it is below zero; once per key.

    The entry is executed, or waits if it takes four eyes. Raises ValidationFailed for ``change`` and ``reason``,
    DomainError ``own_wallet``, ``wallet_closed`` or ``idempotency_conflict``.
    """
    if not staff.has_perm(PERMISSION):
        raise Forbidden("Only staff adjust a balance", code="staff_only")
    reason = check_reason(reason)
    _check(wallet, change)
    if wallet.user_id == staff.pk:
        raise DomainError("own_wallet", "Nobody adjusts their own balance: ask a colleague.")
    with transaction.atomic():
        # Two adjustments at once see each other's amounts.
        lock_wallets([wallet])
        wallet = Wallet._base_manager.get(pk=wallet.pk)
        key = f"adjustment:{staff.pk}:{key}"
        operation = FinanceOperation._base_manager.filter(idempotency_key=key).first()
        if operation is not None:
            return _same(operation, wallet, change)
        if wallet.closed_at is not None:
            raise DomainError("wallet_closed", "This wallet is closed.")
        if change < 0 and -change > wallet.available:
            raise ValidationFailed(
                {"change": [f"There are {wallet.available.normalize():f} {wallet.currency} to take."]}
            )
        operation = FinanceOperation._base_manager.create(
            tenant_id=wallet.tenant_id,
            wallet=wallet,
            user_id=wallet.user_id,
            type=FinanceOperation.Type.ENROLLMENT if change > 0 else FinanceOperation.Type.WRITE_OFF,
            status=FinanceOperation.Status.PENDING,
            amount=abs(change),
            description=reason[:255],
            reference_type=ADJUSTMENT,
            reference_id=staff.pk,
            idempotency_key=key,
            created_at=timezone.now(),
        )
        alone = _recent(staff, wallet) <= _limit(wallet.currency)
        before = wallet.balance
        if alone:
            operation = ledger.execute(operation)
        record(
            "balance.adjusted" if alone else "balance.adjustment_asked",
            actor=staff,
            subject=wallet.user,
            operation=operation.pk,
            wallet=wallet.pk,
            currency=wallet.currency,
            change=str(change),
            before=str(before),
            after=str(before + change if alone else before),
            reason=reason,
        )
    return operation


def check_four_eyes(*, staff: User, operation: FinanceOperation) -> None:
    """Raises DomainError ``four_eyes`` if ``staff`` asked for the adjustment, or it is of their own wallet."""
    if operation.reference_type != ADJUSTMENT:
        return
    if staff.pk in (operation.reference_id, operation.user_id):
        raise DomainError("four_eyes", "A second member of the staff has to approve this adjustment.")


def _check(wallet: Wallet, change: Decimal) -> None:
    if not change.is_finite() or change == 0:
        raise ValidationFailed({"change": ["Say how much, below zero to take away."]})
    if abs(change) > MAX_ADJUSTMENT:
        raise ValidationFailed({"change": [f"At most {MAX_ADJUSTMENT} at once."]})
    check_amount(change, wallet.currency, "change")


def _limit(currency: str) -> int:
    limits: dict[str, int] = settings.FOUR_EYES_ABOVE
    return limits.get(currency.lower(), limits["any"])


def _recent(staff: User, wallet: Wallet) -> Decimal:
    found = FinanceOperation._base_manager.filter(
        reference_type=ADJUSTMENT,
        reference_id=staff.pk,
        wallet=wallet,
        created_at__gte=timezone.now() - ONE_AFTER_ANOTHER,
    ).exclude(status=FinanceOperation.Status.CANCELLED)
    return Decimal(found.aggregate(total=Sum("amount"))["total"] or 0)


def _same(operation: FinanceOperation, wallet: Wallet, change: Decimal) -> FinanceOperation:
    """What the same form, sent twice, did the first time."""
    signed = operation.amount if operation.type == FinanceOperation.Type.ENROLLMENT else -operation.amount
    if (operation.wallet_id, signed) != (wallet.pk, change):
        raise DomainError("idempotency_conflict", "This key was already used for another operation.")
    return operation
