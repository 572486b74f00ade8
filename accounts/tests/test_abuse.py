"""Guessing, known-bad passwords and addresses, and the log of all that."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, LoginLock, LoginSession, User
from accounts.services import lockout
from accounts.services.addresses import not_disposable
from accounts.validators import BreachedPasswordValidator
from config.api.errors import TooManyRequests
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def guess(client: APIClient, email: str, password: str = "wrong password") -> Any:
    return client.post("/api/login", {"email": email, "password": password})


@pytest.mark.parametrize("known", [True, False])
def test_guessing_is_locked_out_and_the_right_password_with_it(known: bool, user: User, anonymous: APIClient) -> None:
    email = user.email if known else "nobody@example.com"
    for _ in range(lockout.FREE_ATTEMPTS):
        assert guess(anonymous, email).status_code == 401
    locked = guess(anonymous, email, PASSWORD)
    assert (locked.status_code, locked.json()["code"]) == (429, "locked_out")
    assert 0 < int(locked.headers["Retry-After"]) <= lockout.FIRST_DELAY.total_seconds()
    assert guess(APIClient(REMOTE_ADDR="10.1.2.3"), email).status_code == 401, "elsewhere the account is free"


def test_the_delay_grows_and_the_right_password_forgives(user: User, anonymous: APIClient) -> None:
    delays = []
    for _ in range(lockout.FREE_ATTEMPTS + 3):
        guess(anonymous, user.email)
        lock = LoginLock.objects.exclude(locked_until=None).first()
        if lock:
            delays.append(round((lock.locked_until - timezone.now()) / lockout.FIRST_DELAY))
            LoginLock.objects.filter(pk=lock.pk).update(locked_until=timezone.now())
    assert delays == [1, 2, 4, 8]
    assert guess(anonymous, user.email, PASSWORD).status_code == 200
    assert not LoginLock.objects.exists()


def test_many_addresses_against_one_account_have_an_end(db: None) -> None:
    allowed = lockout.FREE_ATTEMPTS * lockout.ACCOUNT_FACTOR
    for number in range(allowed):
        lockout.claim_attempt(account="victim@example.com", address=f"10.0.0.{number}")
    with pytest.raises(TooManyRequests):
        lockout.claim_attempt(account="victim@example.com", address="10.0.1.1")


def test_old_failures_are_forgotten(db: None) -> None:
    for _ in range(lockout.FREE_ATTEMPTS - 1):
        lockout.claim_attempt(account="a@example.com", address="10.0.0.1")
    LoginLock.objects.update(updated_at=timezone.now() - lockout.FORGOTTEN_AFTER - timedelta(seconds=1))
    for _ in range(lockout.FREE_ATTEMPTS):
        lockout.claim_attempt(account="a@example.com", address="10.0.0.1")


@pytest.mark.parametrize("listed", ["first one", "the second", "password of theirs", "last"])
def test_breached_passwords_are_refused(listed: str, tmp_path: Path, settings: Any) -> None:
    digests = sorted(
        hashlib.sha1(word.encode()).hexdigest().upper()
        for word in ("first one", "the second", "password of theirs", "last", *map(str, range(50)))
    )
    file = tmp_path / "breached.txt"
    file.write_text("".join(f"{digest}:{number}\r\n" for number, digest in enumerate(digests)))
    settings.BREACHED_PASSWORDS_FILE = str(file)
    with pytest.raises(ValidationError):
        BreachedPasswordValidator().validate(listed)
    BreachedPasswordValidator().validate(PASSWORD)


def test_disposable_addresses_can_not_register(tmp_path: Path, settings: Any, anonymous: APIClient) -> None:
    file = tmp_path / "domains.txt"
    file.write_text("# one per line\nmailinator.test\n")
    settings.DISPOSABLE_DOMAINS_FILE = str(file)
    for address in ("a@mailinator.test", "a@sub.MAILINATOR.test"):
        body = {"email": address, "password": PASSWORD, "password_confirmation": PASSWORD}
        assert list(anonymous.post("/api/auth/register", body).json()["data"]) == ["email"]
    assert not User.objects.exists()
    assert not_disposable("a@notmailinator.test") is None


def test_sessions_are_listed_and_revoked(
    user: User, client_of: Callable[[User], APIClient], make_user: UserFactory, anonymous: APIClient
) -> None:
    login = anonymous.post("/api/login", {"email": user.email, "password": PASSWORD}, headers={"User-Agent": "Phone"})
    phone = APIClient(HTTP_AUTHORIZATION=f"Bearer {login.json()['data']['token']}")
    here, third = client_of(user), client_of(user)
    rows = here.get("/api/auth/sessions").json()["data"]
    assert len(rows) == 3
    [phone_row] = [row for row in rows if row["device"] == "Phone"]
    assert phone_row["address"] == "127.0.0.1"
    assert [row["current"] for row in rows].count(True) == 1

    stranger = client_of(make_user())
    assert stranger.delete(f"/api/auth/sessions/{phone_row['id']}").status_code == 404
    assert phone.get("/api/me").status_code == 200
    assert here.delete(f"/api/auth/sessions/{phone_row['id']}").status_code == 200
    assert phone.get("/api/me").status_code == 401
    assert here.delete("/api/auth/sessions").json()["data"] == {"revoked": 1}
    assert third.get("/api/me").status_code == 401
    assert here.get("/api/me").status_code == 200
    assert LoginSession.objects.alive().filter(user=user).count() == 1


def test_the_log_tells_who_what_when_and_from_where(user: User, anonymous: APIClient) -> None:
    anonymous.post("/api/login", {"email": user.email, "password": "wrong"}, headers={"User-Agent": "Curl"})
    entry = AuditEntry.objects.get(event="login.failed")
    assert (entry.subject, entry.address, entry.user_agent) == (user, "127.0.0.1", "Curl")
    assert abs(timezone.now() - entry.at) < timedelta(minutes=1)
    assert "wrong" not in str(entry.detail)


def test_every_act_of_staff_is_written_down(make_user: UserFactory, client_of: Callable[[User], APIClient]) -> None:
    staff = make_user(role=User.Role.ADMINISTRATOR)
    client = client_of(staff)
    client.get("/api/admin/users")
    assert not AuditEntry.objects.filter(event="staff.act").exists()
    client.patch("/api/administration/change-user-data", {"id": 10**9, "login": "x"})
    entry = AuditEntry.objects.get(event="staff.act")
    assert entry.actor == staff
    assert entry.detail == {"method": "PATCH", "path": "/api/administration/change-user-data", "status": 404}
