"""Guesses at once: each counts, as no row is read that another is about to write."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import requests
from django.db.models import QuerySet

from accounts.models import LoginLock, User
from accounts.services import lockout
from commerce.tests.races import race_behind
from tests.fixtures import PASSWORD
from tests.patience import FOREVER_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

GUESSES = 10
ACCOUNT = "a@example.com"
KEY = hashlib.sha256(ACCOUNT.encode()).hexdigest()
"""Of the row that counts the account's attempts from anywhere."""


@pytest.mark.parametrize("known", [True, False])
def test_guesses_at_once_are_all_counted(known: bool, user: User, live_server: Any) -> None:
    email = user.email if known else "nobody@example.com"
    gate = threading.Barrier(GUESSES)

    def log_in(password: str) -> int:
        body = {"email": email, "password": password}
        return requests.post(f"{live_server.url}/api/login", json=body, timeout=FOREVER_SECONDS).status_code

    def guess(number: int) -> int:
        gate.wait(60)
        return log_in(f"guess number {number}")

    with ThreadPoolExecutor(GUESSES) as threads:
        answers = Counter(threads.map(guess, range(GUESSES)))
    assert answers == {401: lockout.FREE_ATTEMPTS, 429: GUESSES - lockout.FREE_ATTEMPTS}
    assert log_in(PASSWORD) == 429


def test_attempts_that_meet_in_one_row_wait_for_each_other() -> None:
    assert failures_after_four_at_once() == 5


def test_control_without_the_lock_attempts_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows: rows)
    assert failures_after_four_at_once() == 2


def test_an_attempt_that_meets_the_right_password_counts_anew() -> None:
    lockout.claim_attempt(account=ACCOUNT, address="10.0.0.1")
    forgiving = "DELETE FROM accounts_loginlock WHERE key = %s"
    attempt = partial(lockout.claim_attempt, account=ACCOUNT, address="10.0.0.2")
    assert race_behind(forgiving, [KEY], [attempt]) == [None]
    assert LoginLock.objects.get(key=KEY).failures == 1


def failures_after_four_at_once() -> int:
    """What the account's row has after one attempt and then four at once, each from an address of its own."""
    lockout.claim_attempt(account=ACCOUNT, address="10.0.0.1")
    attempts = [partial(lockout.claim_attempt, account=ACCOUNT, address=f"10.0.0.{number}") for number in range(2, 6)]
    assert race_behind("SELECT FROM accounts_loginlock WHERE key = %s FOR UPDATE", [KEY], attempts) == [None] * 4
    return LoginLock.objects.get(key=KEY).failures
