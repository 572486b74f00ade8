"""Locked out with a growing delay: after a few failures every further attempt costs twice the wait of the last.

Attempts are counted before they are judged, in the row that they lock, so a hundred at once are a hundred. They count
against the account (whether or not it exists) together with the address, and at ten times the allowance against the
account alone, so that a stranger can't easily lock its owner out.
"""

from __future__ import annotations

import hashlib
import math
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import LoginLock, normalise_email
from accounts.services.audit import record
from config.api.errors import TooManyRequests

FREE_ATTEMPTS = 5
ACCOUNT_FACTOR = 10
FIRST_DELAY = timedelta(seconds=15)
LONGEST_DELAY = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(days=1)


def claim_attempt(*, account: str, address: str | None) -> None:
    """Count one attempt on the account. Raises TooManyRequests while it is locked."""
    now = timezone.now()
    locked: list[int] = []
    with transaction.atomic():
        for key, free in _keys(account, address):
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


def forgive(*, account: str, address: str | None) -> None:
    """The right password: whatever failed before counts no more."""
    LoginLock.objects.filter(key__in=[key for key, _ in _keys(account, address)]).delete()


def _keys(account: str, address: str | None) -> list[tuple[str, int]]:
    name = normalise_email(account)
    here = hashlib.sha256(f"{name}\0{address}".encode()).hexdigest()
    anywhere = hashlib.sha256(name.encode()).hexdigest()
    # In the order of the keys, so that two attempts never wait for each other.
    return sorted([(here, FREE_ATTEMPTS), (anywhere, FREE_ATTEMPTS * ACCOUNT_FACTOR)])
