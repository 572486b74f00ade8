"""Rows that count attempts go once they count no more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from accounts.models import Allowance, LoginLock
from accounts.services import lockout
from accounts.services.allowances import try_allowance

pytestmark = pytest.mark.django_db


def test_allowances_of_periods_that_are_over_are_forgotten() -> None:
    for name, days in (("short", 1), ("long", 30)):
        assert try_allowance(name, limit=1, period=timedelta(days=days))
    Allowance.objects.create(key="of before there was an end", since=timezone.now() - timedelta(days=900))
    assert not try_allowance("short", limit=1, period=timedelta(days=1))
    two_days = timedelta(days=2)
    Allowance.objects.exclude(expires_at=None).update(
        since=F("since") - two_days, expires_at=F("expires_at") - two_days
    )
    call_command("reap", once=True)
    assert Allowance.objects.count() == 2
    assert not try_allowance("long", limit=1, period=timedelta(days=30))
    assert try_allowance("short", limit=1, period=timedelta(days=1))


def test_failures_that_count_no_more_are_forgotten() -> None:
    lockout.claim_attempt(account="old@example.org", address="192.0.2.1")
    LoginLock.objects.update(updated_at=timezone.now() - lockout.FORGOTTEN_AFTER - timedelta(seconds=1))
    lockout.claim_attempt(account="new@example.org", address="192.0.2.1")
    assert LoginLock.objects.count() == 4
    call_command("reap", once=True)
    assert set(LoginLock.objects.values_list("failures", flat=True)) == {1}
    assert LoginLock.objects.count() == 2
