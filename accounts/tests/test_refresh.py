"""Refresh tokens: rotated at each use, forgiving to two tabs and lost answers, fatal to thieves."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
import requests
from django.conf import settings as django_settings
from rest_framework.test import APIClient

from accounts.models import AuditEntry, LoginSession, User
from accounts.services import Device, open_session
from accounts.tests.test_accounts import bearer, forged
from tests.fixtures import PASSWORD

TABS = 8


def refresh(client: APIClient, token: str) -> Any:
    return client.post("/api/auth/refresh", {"refresh_token": token})


def let_pass(user: User, seconds: float) -> None:
    """As if the session's tokens had been exchanged so much earlier."""
    for session in LoginSession.objects.filter(user=user):
        session.former_jtis = {jti: at - seconds for jti, at in session.former_jtis.items()}
        session.save(update_fields=["former_jtis"])


@pytest.mark.django_db
def test_a_repeated_refresh_gets_the_same_answer_and_later_ends_the_session(anonymous: APIClient, user: User) -> None:
    first = anonymous.post("/api/login", {"email": user.email, "password": PASSWORD}).json()["data"]
    second, lost = (refresh(anonymous, first["refresh_token"]).json()["data"] for _ in range(2))
    assert (second["token"], second["refresh_token"]) == (lost["token"], lost["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert bearer(second["token"]).get("/api/me").status_code == 200
    assert bearer(first["token"]).get("/api/me").status_code == 200

    let_pass(user, django_settings.REFRESH_GRACE_SECONDS + 1)
    reused = refresh(anonymous, first["refresh_token"])
    assert (reused.status_code, reused.json()["code"]) == (401, "token_reused")
    assert bearer(second["token"]).get("/api/me").status_code == 401
    assert refresh(anonymous, second["refresh_token"]).status_code == 401
    assert AuditEntry.objects.filter(event="token.reused", subject=user).count() == 1


@pytest.mark.django_db
def test_a_late_tab_gets_the_present_tokens(anonymous: APIClient, user: User) -> None:
    first = open_session(user=user, device=Device()).refresh
    second = refresh(anonymous, first).json()["data"]["refresh_token"]
    third = refresh(anonymous, second).json()["data"]["refresh_token"]
    assert refresh(anonymous, first).json()["data"]["refresh_token"] == third
    assert refresh(anonymous, third).status_code == 200


@pytest.mark.django_db
def test_what_is_kept_of_former_tokens_does_not_grow(anonymous: APIClient, user: User) -> None:
    token = open_session(user=user, device=Device()).refresh
    for _ in range(4):
        token = refresh(anonymous, token).json()["data"]["refresh_token"]
        let_pass(user, django_settings.REFRESH_GRACE_SECONDS + 1)
    assert len(LoginSession.objects.get(user=user).former_jtis) <= 2


@pytest.mark.django_db
def test_no_grace_brings_an_ended_session_back(anonymous: APIClient, user: User) -> None:
    tokens = open_session(user=user, device=Device())
    assert refresh(anonymous, tokens.refresh).status_code == 200
    assert bearer(tokens.access).post("/api/logout").status_code == 200
    assert refresh(anonymous, tokens.refresh).json()["code"] == "invalid_token"


@pytest.mark.django_db(transaction=True)
def test_tabs_that_refresh_at_once_all_stay_in(live_server: Any, user: User) -> None:
    token = open_session(user=user, device=Device()).refresh
    gate = threading.Barrier(TABS)

    def tab(_: int) -> tuple[int, dict[str, Any]]:
        gate.wait(60)
        answer = requests.post(f"{live_server.url}/api/auth/refresh", json={"refresh_token": token}, timeout=60)
        return answer.status_code, answer.json().get("data") or {}

    for _ in range(3):
        with ThreadPoolExecutor(TABS) as threads:
            answers = list(threads.map(tab, range(TABS)))
        assert {status for status, _ in answers} == {200}
        [(_, token)] = {(data["token"], data["refresh_token"]) for _, data in answers}
    assert LoginSession.objects.alive().filter(user=user).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "status"), [(2, 200), (3600, 401)])
def test_clocks_may_differ_by_seconds(age: int, status: int, user: User, api: APIClient) -> None:
    """Both ways: of when it ends, and of when it was made."""
    now = int(time.time())
    ended = forged(user, key=django_settings.SECRET_KEY, claims={"exp": now - age})
    assert bearer(ended).get("/api/me").status_code == status
    made = forged(user, key=django_settings.SECRET_KEY, claims={"iat": now + age, "exp": now + 7200})
    assert bearer(made).get("/api/me").status_code == status
    assert jwt.decode(made, options={"verify_signature": False})["iat"] == now + age
