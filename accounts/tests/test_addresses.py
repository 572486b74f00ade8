"""Behind a proxy: sessions, the audit log and the lock-out name the client, and no client chooses its address."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEntry, LoginSession, User
from accounts.services import lockout
from tests.fixtures import PASSWORD, UserFactory
from tests.patience import FOREVER_SECONDS

CLIENT = "203.0.113.7"


def log_in(email: str, forwarded: str, password: str = PASSWORD) -> int:
    client = APIClient(headers={"X-Forwarded-For": forwarded})
    return client.post("/api/login", {"email": email, "password": password}).status_code


@pytest.mark.django_db
@pytest.mark.parametrize(("proxies", "address"), [(0, "127.0.0.1"), (1, CLIENT)])
def test_sessions_and_the_log_tell_the_client(proxies: int, address: str, user: User, settings: Any) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert log_in(user.email, f"1.2.3.4, {CLIENT}") == 200
    assert LoginSession.objects.get().address == address
    assert AuditEntry.objects.get(event="login").address == address


@pytest.mark.django_db
@pytest.mark.parametrize("proxies", [0, 1])
def test_a_guesser_gains_nothing_by_claiming_addresses(proxies: int, user: User, settings: Any) -> None:
    settings.TRUSTED_PROXIES = proxies
    answers = [log_in(user.email, f"10.9.8.{number}, {CLIENT}", "wrong") for number in range(lockout.FREE_ATTEMPTS + 2)]
    assert answers == [401] * lockout.FREE_ATTEMPTS + [429] * 2
    elsewhere = 429 if proxies == 0 else 200
    assert log_in(user.email, "203.0.113.8") == elsewhere, "another client of the same proxy"


@pytest.mark.django_db
def test_the_staff_site_locks_by_the_same_address(make_user: UserFactory, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    staff = make_user(role=User.Role.ADMINISTRATOR)

    def guess(forwarded: str) -> str:
        form = {"username": staff.email, "password": "wrong"}
        return Client().post("/admin/login/", form, headers={"X-Forwarded-For": forwarded}).content.decode()

    for number in range(lockout.FREE_ATTEMPTS):
        assert "Too many failed attempts" not in guess(f"10.9.8.{number}, {CLIENT}")
    assert "Too many failed attempts" in guess(f"10.9.9.9, {CLIENT}")
    assert log_in(staff.email, CLIENT) == 429
    assert log_in(staff.email, "203.0.113.8") == 200


@pytest.mark.django_db(transaction=True)
def test_a_header_sent_twice_is_one_list(user: User, live_server: Any, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    connection = http.client.HTTPConnection(urlsplit(live_server.url).netloc, timeout=FOREVER_SECONDS)
    body = json.dumps({"email": user.email, "password": PASSWORD}).encode()
    connection.putrequest("POST", "/api/login")
    for name, value in (("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", CLIENT)):
        connection.putheader(name, value)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    assert connection.getresponse().status == 200
    connection.close()
    assert LoginSession.objects.get().address == CLIENT
