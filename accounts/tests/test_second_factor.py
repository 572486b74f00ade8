"""The second factor, from setting it up to the day the phone is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import LoginSession, User
from accounts.services import lockout
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def code(secret: str, steps: int = 0) -> str:
    """What the app shows, ``steps`` of 30 s from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture
def protected(api: APIClient) -> tuple[str, list[str]]:
    """The secret and the recovery codes of ``user``, who has the second factor on."""
    secret = api.post("/api/auth/two-factor/enable").json()["data"]["secret"]
    answer = api.post("/api/auth/two-factor/confirm", {"code": code(secret)})
    return secret, answer.json()["data"]["recovery_codes"]


def start(client: APIClient, user: User) -> str:
    data = client.post("/api/login", {"email": user.email, "password": PASSWORD}).json()["data"]
    assert "token" not in data
    return data["challenge"]


def finish(client: APIClient, challenge: str, given: str) -> Any:
    return client.post("/api/auth/two-factor/login", {"challenge": challenge, "code": given})


def test_it_is_on_only_after_a_right_code(api: APIClient, user: User) -> None:
    assert api.post("/api/auth/two-factor/confirm", {"code": "000000"}).status_code == 422, "never begun"
    data = api.post("/api/auth/two-factor/enable").json()["data"]
    assert data["uri"].startswith("otpauth://totp/")
    wrong = f"{(int(code(data['secret'])) + 1) % 1_000_000:06}"
    assert api.post("/api/auth/two-factor/confirm", {"code": wrong}).status_code == 422
    assert not Authenticator.objects.exists()
    assert api.post("/api/auth/two-factor/confirm", {"code": code(data["secret"])}).status_code == 200
    assert api.get("/api/auth/two-factor").json()["data"] == {"enabled": True, "recovery_codes_left": 10}
    assert api.post("/api/auth/two-factor/enable").json()["code"] == "already_enabled"


def test_login_takes_two_steps(protected: tuple[str, list[str]], user: User, anonymous: APIClient) -> None:
    secret, _ = protected
    sessions = LoginSession.objects.count()
    challenge = start(anonymous, user)
    assert LoginSession.objects.count() == sessions
    shown = code(secret, 1)
    answer = finish(anonymous, challenge, shown)
    assert answer.status_code == 200
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {answer.json()['data']['token']}")
    assert client.get("/api/me").status_code == 200
    assert finish(anonymous, start(anonymous, user), shown).status_code == 422, "a code works once"


def test_recovery_codes_work_once(protected: tuple[str, list[str]], user: User, anonymous: APIClient) -> None:
    _, codes = protected
    assert finish(anonymous, start(anonymous, user), codes[0]).status_code == 200
    assert finish(anonymous, start(anonymous, user), codes[0]).status_code == 422
    assert finish(anonymous, start(anonymous, user), codes[1]).status_code == 200


def test_bad_challenges_open_nothing(
    protected: tuple[str, list[str]], user: User, anonymous: APIClient, make_user: UserFactory
) -> None:
    secret, codes = protected
    sessions = LoginSession.objects.count()
    challenge = start(anonymous, user)
    assert finish(anonymous, challenge + "x", code(secret, 1)).status_code == 401
    assert finish(anonymous, "nonsense", code(secret, 1)).status_code == 401
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert finish(anonymous, challenge, codes[0]).status_code == 401
    user.set_password("a new and better one")
    User.objects.filter(pk=user.pk).update(is_active=True, password=user.password)
    assert finish(anonymous, challenge, codes[0]).status_code == 401, "begun with the old password"
    assert LoginSession.objects.count() == sessions


def test_guessing_codes_is_locked_out(protected: tuple[str, list[str]], user: User, anonymous: APIClient) -> None:
    challenge = start(anonymous, user)
    for _ in range(lockout.FREE_ATTEMPTS):
        assert finish(anonymous, challenge, "wrong").status_code == 422
    assert finish(anonymous, challenge, protected[1][0]).status_code == 429


def test_turning_it_off_takes_a_code(
    protected: tuple[str, list[str]], api: APIClient, user: User, anonymous: APIClient
) -> None:
    assert api.post("/api/auth/two-factor/disable", {"code": "000000"}).status_code == 422
    assert api.get("/api/auth/two-factor").json()["data"]["enabled"] is True
    assert api.post("/api/auth/two-factor/disable", {"code": protected[1][0]}).status_code == 200
    assert "token" in anonymous.post("/api/login", {"email": user.email, "password": PASSWORD}).json()["data"]


def test_the_staff_site_asks_for_the_code(make_user: UserFactory, client_of: Callable[[User], APIClient]) -> None:
    staff = make_user(role=User.Role.ADMINISTRATOR)
    api, page = client_of(staff), Client()
    form = {"username": staff.email, "password": PASSWORD}
    assert "code" in page.get("/admin/login/").content.decode()
    assert page.post("/admin/login/?next=/admin/", form).status_code == 302, "nobody has a second factor yet"
    secret = api.post("/api/auth/two-factor/enable").json()["data"]["secret"]
    api.post("/api/auth/two-factor/confirm", {"code": code(secret)})
    page = Client()
    assert page.post("/admin/login/?next=/admin/", form).status_code == 200
    assert page.post("/admin/login/?next=/admin/", {**form, "code": "000000"}).status_code == 200
    assert "_auth_user_id" not in page.session
    assert page.post("/admin/login/?next=/admin/", {**form, "code": code(secret, 1)}).status_code == 302


def test_the_staff_site_locks_guessing_out(make_user: UserFactory) -> None:
    staff, page = make_user(role=User.Role.ADMINISTRATOR), Client()
    for _ in range(lockout.FREE_ATTEMPTS):
        page.post("/admin/login/", {"username": staff.email, "password": "wrong password"})
    page.post("/admin/login/", {"username": staff.email, "password": PASSWORD})
    assert "_auth_user_id" not in page.session
