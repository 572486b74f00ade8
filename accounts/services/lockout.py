"""Locked out with a growing delay: after a few failures every further attempt costs twice the wait of the last.

Attempts are counted before they are judged, in the row that they lock, so a hundred at once are a hundred. They count
against the account (whether or not it exists) together with the address, and at ten times the allowance against the
account alone, so that a stranger can't easily lock its owner out. On the staff's site they also count against the
address alone, whatever accounts they name.
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import LoginLock, normalise_email
from accounts.services.audit import record
from config.api.addresses import network_of
from config.api.errors import TooManyRequests

FREE_ATTEMPTS = 5
ACCOUNT_FACTOR = 10
ADDRESS_FACTOR = 4
FIRST_DELAY = timedelta(seconds=15)
LONGEST_DELAY = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(days=1)
BATCH = 1000


def claim_attempt(*, account: str, address: str | None, few: bool = False) -> None:
    """Count one attempt on the account. Raises TooManyRequests while it is locked.

    few: whoever comes is one of few, as on the staff's site, so that attempts from one address count together.
    """
    now = timezone.now()
    locked: list[int] = []
    with transaction.atomic():
        for key, free in _keys(account, address, few):
            # In one statement: between two the row may be forgiven, which deletes it.
            lock, _ = LoginLock.objects.select_for_update().get_or_create(key=key)
            if lock.locked_until and lock.locked_until > now:
                wait = math.ceil((lock.locked_until - now).total_seconds())
                raise TooManyRequests("Too many failed attempts; try again later", "locked_out", retry_after=wait)
            lock.failures = 1 if now - lock.updated_at > FORGOTTEN_AFTER else lock.failures + 1
            over = lock.failures - free
            if over >= 0:
                lock.locked_until = now + min(FIRST_DELAY * 2 ** min(over, 20), LONGEST_DELAY)
                locked.append(lock.failures)
            lock.save(update_fields=["failures", "locked_until", "updated_at"])
    if locked:
        record("login.locked", account=account[:255], failures=max(locked))


def forgive(*, account: str, address: str | None, few: bool = False) -> None:
    """The right password: whatever failed before counts no more. Of its address, this attempt alone is taken back."""
    LoginLock.objects.filter(key__in=[key for key, _ in _keys(account, address, False)]).delete()
    if few and address:
        # Else somebody with an account could try others' for ever.
        LoginLock.objects.filter(key=_address_key(address), failures__gt=0).update(failures=F("failures") - 1)


def forget_over(now: datetime) -> int:
    """Remove what would count no more at the next attempt, a batch of it; answers how many rows."""
    # Longer ago than any lock lasts.
    over = LoginLock.objects.filter(updated_at__lt=now - FORGOTTEN_AFTER).order_by("updated_at")
    with transaction.atomic():
        locked = over.select_for_update(skip_locked=True)[:BATCH]
        return LoginLock.objects.filter(pk__in=[row.pk for row in locked]).delete()[0]


def _keys(account: str, address: str | None, few: bool) -> list[tuple[str, int]]:
    name = normalise_email(account)
    here = hashlib.sha256(f"{name}\0{address}".encode()).hexdigest()
    anywhere = hashlib.sha256(name.encode()).hexdigest()
    keys = [(here, FREE_ATTEMPTS), (anywhere, FREE_ATTEMPTS * ACCOUNT_FACTOR)]
    if few and address:
        keys.append((_address_key(address), FREE_ATTEMPTS * ADDRESS_FACTOR))
    # In the order of the keys, so that two attempts never wait for each other.
    return sorted(keys)


def _address_key(address: str) -> str:
    return hashlib.sha256(f"\0{network_of(address)}".encode()).hexdigest()
