"""Finance operations as people ask for them: request, execute, cancel.

Staff act across tenants, so every verb runs over all of them and looks at whose the row is itself.
"""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services.audit import record
from commerce.models import ADJUSTMENT, FinanceOperation, Wallet
from commerce.services import ledger
from commerce.services.adjustments import check_four_eyes
from commerce.services.currencies import check_amount
from config.api.errors import DomainError, Forbidden, NotFound, ValidationFailed
from tenants.scope import all_tenants

PERMISSION: Final = "commerce.change_financeoperation"


@all_tenants()
def request_operation(
    *, user: User, wallet: Wallet, type: int, amount: Decimal, info: str, key: str | None
) -> FinanceOperation:
    """Ask for an enrollment or a write-off. Nothing moves until staff or a payment executes it."""
    check_amount(amount, wallet.currency, "money")
    if type == FinanceOperation.Type.WRITE_OFF and amount > wallet.available:
        raise ledger.insufficient(wallet, amount)
    operation: FinanceOperation = FinanceOperation._base_manager.create(
        tenant_id=wallet.tenant_id,
        wallet=wallet,
        user_id=wallet.user_id,
        type=type,
        amount=amount,
        description=info,
        reference_type="request",
        reference_id=user.pk,
        idempotency_key=f"user:{user.pk}:{key or uuid.uuid4()}",
        created_at=timezone.now(),
    )
    return operation


@all_tenants()
def wallet_for(*, user: User, wallet_id: int | None, wallet_type_id: int | None) -> Wallet:
    """The wallet that a request names, by itself or by its type: the user's own, or anybody's for staff."""
    wallets = Wallet._base_manager.filter(closed_at=None).select_related("wallet_type", "user").order_by("pk")
    if wallet_id is None:
        wallet = wallets.filter(user=user, wallet_type_id=wallet_type_id).first()
        field = "typeId"
    else:
        wallet = (wallets if user.is_administrator else wallets.filter(user=user)).filter(pk=wallet_id).first()
        field = "walletId"
    if wallet is None:
        raise ValidationFailed({field: ["There is no such wallet."]})
    return wallet


def check_request(*, user: User, wallet_id: int | None, wallet_type_id: int | None, amount: Decimal | None) -> None:
    """Raises ValidationFailed unless there is such a wallet and its currency has such an amount."""
    wallet = wallet_for(user=user, wallet_id=wallet_id, wallet_type_id=wallet_type_id)
    if amount is not None:
        check_amount(amount, wallet.currency, "money")


@all_tenants()
def change_status(*, user: User, operation: FinanceOperation, status: int, info: str = "") -> FinanceOperation:
    """Staff move an open operation on; its owner may only cancel it. Raises DomainError ``operation_not_open``."""
    if status == FinanceOperation.Status.CANCELLED:
        return cancel_operation(operation=operation, info=info, by=user)
    if not _may_decide(user):
        raise Forbidden("Only staff change the status of an operation", code="staff_only")
    if status == FinanceOperation.Status.EXECUTED:
        return _execute(user, operation, info)
    if status == FinanceOperation.Status.PENDING and _move_open(operation, status=status):
        return operation
    if not operation.is_open:
        raise ledger.not_open(operation)
    raise DomainError("operation_state", "An operation can't go back to created.", data={"status": operation.status})


@all_tenants()
def cancel_operation(*, operation: FinanceOperation, info: str, by: User | None = None) -> FinanceOperation:
    """Call an open operation off. Raises DomainError ``operation_not_open``; what staff began only staff call off."""
    if by is not None and operation.reference_type == ADJUSTMENT and not _may_decide(by):
        raise Forbidden("Only staff call an adjustment off", code="staff_only")
    before = operation.get_status_display()
    with transaction.atomic():
        cancelled = _move_open(
            operation, status=FinanceOperation.Status.CANCELLED, canceled_at=timezone.now(), canceled_info=info[:255]
        )
        if not cancelled:
            raise ledger.not_open(operation)
        if by is not None and by.pk != operation.user_id:
            _record("operation.cancelled", by, operation, before, info)
    return operation


@all_tenants()
def find_operation(*, user: User, operation_id: int) -> FinanceOperation:
    """The user's own operation, or anybody's for staff."""
    operations = FinanceOperation._base_manager.select_related("user", "wallet__wallet_type")
    if not user.is_administrator:
        operations = operations.filter(user=user)
    operation = operations.filter(pk=operation_id).first()
    if operation is None:
        raise NotFound("Finance operation not found")
    return operation


def _may_decide(user: User) -> bool:
    return user.is_administrator or user.has_perm(PERMISSION)


def _execute(user: User, operation: FinanceOperation, reason: str) -> FinanceOperation:
    if operation.user_id == user.pk and not user.is_administrator:
        raise DomainError("four_eyes", "Nobody approves an operation of their own wallet: ask a colleague.")
    check_four_eyes(staff=user, operation=operation)
    before = operation.get_status_display()
    with transaction.atomic():
        operation = ledger.execute(operation)
        _record("operation.executed", user, operation, before, reason)
    return operation


def _record(event: str, by: User, operation: FinanceOperation, before: str, reason: str) -> None:
    record(
        event,
        actor=by,
        subject=User.objects.get(pk=operation.user_id),
        operation=operation.pk,
        amount=str(operation.amount),
        type=operation.get_type_display(),
        before=before,
        after=operation.get_status_display(),
        reason=reason,
    )


def _move_open(operation: FinanceOperation, **changes: object) -> bool:
    mine = FinanceOperation._base_manager.filter(pk=operation.pk, status__in=FinanceOperation.OPEN)
    moved = bool(mine.update(**changes))
    operation.refresh_from_db()
    return moved
