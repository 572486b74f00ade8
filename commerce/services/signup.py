"""Credits for new accounts: at once for the first of an address, for the others once they have proven a mailbox.

Whoever registers in a loop gets ``SIGNUP_CREDITS_PER_ADDRESS`` grants a month, and beyond that one per mailbox.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.services.allowances import try_allowance
from accounts.services.audit import current_device
from commerce.models import FinanceOperation, Wallet
from commerce.services.wallets import grant_signup_credits, open_credit_wallet
from config.api.addresses import network_of
from tenants.scope import tenant_scope

PERIOD = timedelta(days=30)
ONCE = timedelta(days=36_500)


def welcome(user: User) -> Wallet:
    """The wallet of an account that was just made, with the credits if they are due already."""
    due = _claim_mailbox(user) if user.email_verified_at else _claim_address()
    return open_credit_wallet(user=user, signup_credits=due)


@transaction.atomic
def welcome_verified(user: User) -> None:
    """What waited for the proof of the address."""
    wallet = open_credit_wallet(user=user, signup_credits=False)
    with tenant_scope(user.tenant_id):
        has_them = FinanceOperation.objects.filter(idempotency_key=f"signup:{user.pk}").exists()
        if not has_them and _claim_mailbox(user):
            grant_signup_credits(wallet)


def _claim_address() -> bool:
    """False once the address of the request in hand has had its share. Commands and tasks have none, and no limit."""
    device = current_device.get()
    if device is None or device.address is None:
        return True
    name = f"signup credits of {network_of(device.address)}"
    return try_allowance(name, limit=settings.SIGNUP_CREDITS_PER_ADDRESS, period=PERIOD)


def _claim_mailbox(user: User) -> bool:
    """False if an earlier account with this mailbox had credits for it; what follows a plus leads to the same one."""
    name, _, domain = user.email.rpartition("@")
    return try_allowance(f"signup credits of {name.partition('+')[0]}@{domain}", limit=1, period=ONCE)
