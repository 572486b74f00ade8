"""Wallets: open, describe, close."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from commerce.models import CREDITS, FinanceOperation, Wallet, WalletType
from commerce.services.ledger import enroll
from config.api.errors import DomainError, NotFound, ValidationFailed
from tenants import runtime
from tenants.scope import tenant_scope


def open_credit_wallet(*, user: User, signup_credits: bool = True) -> Wallet:
    """The user's GPU credits, opened with the signup credits on first call; the personal balance comes along."""
    with tenant_scope(user.tenant_id):
        wallet = Wallet.objects.filter(user=user, kind=WalletType.Kind.CREDITS).first()
        if wallet is not None:
            return wallet
        with transaction.atomic():
            wallet = _open_builtin(user, WalletType.Kind.CREDITS)
            _open_builtin(user, WalletType.Kind.BALANCE)
            if signup_credits:
                grant_signup_credits(wallet)
            wallet.refresh_from_db()
        return wallet


def credits_of(user_ids: Sequence[int]) -> dict[str, dict[int, int]]:
    """The credits that users may spend, as the hook ``user_figures`` wants them."""
    wallets = Wallet.objects.filter(user__in=user_ids, kind=WalletType.Kind.CREDITS)
    return {"credits": {user: int(free) for user, free in wallets.values_list("user", F("balance") - F("held"))}}


def grant_signup_credits(wallet: Wallet) -> None:
    """Once per user, however often it is called."""
    if (credits := runtime.whole("SIGNUP_CREDITS")) > 0:
        enroll(
            wallet=wallet,
            amount=credits,
            description="Signup credits",
            reference_type="signup",
            reference_id=wallet.user_id,
            idempotency_key=f"signup:{wallet.user_id}",
        )


def balance_wallet(*, user: User) -> Wallet:
    """The wallet of the user\x27s money, open or not."""
    open_credit_wallet(user=user)
    with tenant_scope(user.tenant_id):
        return Wallet.objects.get(user=user, kind=WalletType.Kind.BALANCE)


def personal_balance(*, user: User) -> Wallet:
    """The user's money here, for some that comes or goes: a wallet that was deleted is opened again."""
    wallet = balance_wallet(user=user)
    if wallet.closed_at is not None:
        _reopen(wallet)
    return wallet


def builtin_type(kind: WalletType.Kind) -> WalletType:
    """The wallet type that the product itself relies on."""
    names = {
        WalletType.Kind.CREDITS: ("GPU credits", "CR", CREDITS),
        WalletType.Kind.BALANCE: ("Personal balance", settings.CURRENCY, settings.CURRENCY),
    }
    name, symbol, currency = names[kind]
    found, _ = WalletType.objects.get_or_create(
        kind=kind, defaults={"name": name, "wallet_symbol": symbol, "currency": currency}
    )
    return found


def open_wallet(*, user: User, wallet_type_id: int, info: str) -> Wallet:
    """A further wallet of a type that staff added. The built-in ones exist once for everyone.

    A personal balance that was deleted comes back, with its history.
    """
    wallet_type = find_type(wallet_type_id)
    open_credit_wallet(user=user)
    if wallet_type.kind == WalletType.Kind.BALANCE:
        wallet = balance_wallet(user=user)
        if wallet.closed_at is not None and _reopen(wallet, info=info):
            return wallet
    if wallet_type.is_builtin:
        raise DomainError("wallet_exists", f"You have your {wallet_type.name} wallet already.")
    return Wallet.objects.create(
        tenant_id=user.tenant_id,
        user=user,
        wallet_type=wallet_type,
        kind=wallet_type.kind,
        currency=wallet_type.currency,
        info=info,
    )


def change_wallet(*, wallet: Wallet, wallet_type_id: int | None, info: str | None) -> Wallet:
    """Change what a wallet says of itself; its type only while it has no history and stays in its currency."""
    changes: dict[str, object] = {} if info is None else {"info": info}
    with transaction.atomic():
        # No operation begins in the old currency meanwhile: it would have to name the row.
        rows = Wallet.objects.select_for_update(of=("self",)).select_related("wallet_type", "user")
        wallet = rows.get(pk=wallet.pk)
        if wallet_type_id is not None and wallet_type_id != wallet.wallet_type_id:
            wallet_type = find_type(wallet_type_id)
            used = FinanceOperation.objects.filter(wallet=wallet).exists()
            if used or wallet_type.is_builtin or wallet.wallet_type.is_builtin:
                raise DomainError("wallet_type_fixed", "The type of this wallet can't be changed.")
            changes |= {"wallet_type": wallet_type, "kind": wallet_type.kind, "currency": wallet_type.currency}
        for name, value in changes.items():
            setattr(wallet, name, value)
        wallet.save(update_fields=[*changes, "updated_at"])
    return wallet


def close_wallet(*, wallet: Wallet) -> None:
    """Close an empty wallet; its history stays. The GPU credits are for good: renders are paid from them."""
    if wallet.kind == WalletType.Kind.CREDITS:
        raise DomainError("wallet_protected", f"The {wallet.wallet_type.name} wallet can't be deleted.")
    open_operations = FinanceOperation.objects.filter(wallet=wallet, status__in=FinanceOperation.OPEN)
    with transaction.atomic():
        # The condition is in the UPDATE: an enrollment that is faster keeps the wallet open.
        closed = Wallet.objects.filter(pk=wallet.pk, balance=0, held=0, closed_at=None).exclude(
            pk__in=open_operations.values("wallet_id")
        )
        if not closed.update(closed_at=timezone.now()):
            wallet.refresh_from_db()
            raise DomainError(
                "wallet_not_empty",
                "Only a wallet without a balance and without open operations can be deleted.",
                data={"balance": wallet.balance},
            )


def find_wallet(*, user: User, wallet_id: int) -> Wallet:
    """The user's own open wallet; anybody else's does not exist."""
    wallet = (
        Wallet.objects.filter(pk=wallet_id, user=user, closed_at=None).select_related("wallet_type", "user").first()
    )
    if wallet is None:
        raise NotFound("Wallet not found")
    return wallet


def _reopen(wallet: Wallet, **changes: str) -> bool:
    """False if somebody else was faster."""
    found = Wallet._base_manager.filter(pk=wallet.pk, closed_at__isnull=False)
    reopened = bool(found.update(closed_at=None, updated_at=timezone.now(), **changes))
    with tenant_scope(wallet.tenant_id):
        wallet.refresh_from_db()
    return reopened


def find_type(wallet_type_id: int) -> WalletType:
    """Raises ValidationFailed."""
    wallet_type = WalletType.objects.filter(pk=wallet_type_id).first()
    if wallet_type is None:
        raise ValidationFailed({"walletTypeId": ["There is no such wallet type."]})
    return wallet_type


def _open_builtin(user: User, kind: WalletType.Kind) -> Wallet:
    wallet_type = builtin_type(kind)
    wallet, _ = Wallet.objects.get_or_create(
        tenant_id=user.tenant_id,
        user=user,
        kind=kind,
        defaults={"wallet_type": wallet_type, "currency": wallet_type.currency},
    )
    return wallet
