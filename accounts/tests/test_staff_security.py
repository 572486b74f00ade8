"""The page about account security, the second factor that staff must have, and what the database keeps of one."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.services import second_factor
from config.api.errors import DomainError, ValidationFailed
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    return make_user(name="operator", role=User.Role.ADMINISTRATOR)


@pytest.fixture
def page(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def code(secret: str, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def set_up(user: User) -> tuple[str, list[str]]:
    secret = second_factor.begin(user=user)["secret"]
    return secret, second_factor.confirm(user=user, code=code(secret))


def stored() -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator ORDER BY id")
        return [json.loads(row) if isinstance(row, str) else row for (row,) in cursor.fetchall()]


def test_an_app_is_set_up_and_removed_on_the_page(page: Client, staff: User) -> None:
    wrong = page.post("/admin/security/app/begin/", {"password": "wrong password"})
    assert (wrong.status_code, "The current password is wrong." in wrong.content.decode()) == (422, True)
    shown = page.post("/admin/security/app/begin/", {"password": PASSWORD}).content.decode()
    [secret] = re.findall(r"<code>([A-Z2-7]{32})</code>", shown)
    assert "<svg" in shown
    again = page.post("/admin/security/app/confirm/", {"code": "no code"})
    assert again.status_code == 422
    assert secret in again.content.decode(), "the same one can be tried again"
    done = page.post("/admin/security/app/confirm/", {"code": code(secret)}).content.decode()
    codes = re.findall(r"<li><code>(\d+)</code>", done)
    assert len(codes) == 10
    assert second_factor.status(user=staff) == {"enabled": True, "recovery_codes_left": 10}
    fresh = page.post("/admin/security/recovery-codes/renew/", {"password": PASSWORD}).content.decode()
    renewed = re.findall(r"<li><code>(\d+)</code>", fresh)
    assert not set(renewed) & set(codes)
    assert page.post("/admin/security/app/remove/", {"code": codes[0]}).status_code == 422, "void"
    assert page.post("/admin/security/app/remove/", {"code": renewed[0]}).status_code == 302
    assert not Authenticator.objects.exists()
    told = AuditEntry.objects.filter(actor=staff, event__startswith="second_factor.").order_by("pk")
    assert list(told.values_list("event", flat=True)) == [
        "second_factor.enabled",
        "second_factor.recovery_codes_renewed",
        "second_factor.disabled",
    ]


def test_the_page_is_the_staffs_and_lets_only_our_scripts_run(page: Client, user: User) -> None:
    answer = page.get("/admin/security/")
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert 'href="/admin/security/"' in page.get("/admin/").content.decode()
    client = Client()
    client.force_login(user)
    for path in ("", "passkeys/begin/", "app/begin/", "recovery-codes/renew/"):
        assert client.post(f"/admin/security/{path}", {"password": PASSWORD})["Location"].startswith("/admin/login/")
    assert Client().get("/admin/login/")["Content-Security-Policy"] == answer["Content-Security-Policy"]


def test_staff_who_must_have_one_get_nowhere_else(page: Client, staff: User, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = "required"
    for path in ("/admin/", "/admin/accounts/user/", "/admin/password_change/", "/django-rq/", "/django-rq/stats.json"):
        assert page.get(path)["Location"] == "/admin/security/", path
    assert page.post("/admin/accounts/user/", {"action": "end_sessions"})["Location"] == "/admin/security/"
    assert "Staff need a second factor" in page.get("/admin/security/").content.decode()
    page.post("/admin/security/app/begin/", {"password": PASSWORD})
    setup = second_factor.begun(user=staff)
    assert setup is not None
    done = page.post("/admin/security/app/confirm/", {"code": code(setup["secret"])})
    assert "Staff need a second factor" not in done.content.decode()
    for path in ("/admin/", "/admin/accounts/user/", "/django-rq/"):
        assert page.get(path).status_code == 200, path
    assert page.post("/admin/logout/").status_code == 200


def test_staff_who_lack_one_may_log_in_and_out(staff: User, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = "required"
    client = Client()
    form = {"username": staff.email, "password": PASSWORD, "next": "/admin/"}
    answer = client.post("/admin/login/", form, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/security/"
    assert client.post("/admin/logout/").status_code == 200
    assert "_auth_user_id" not in client.session


def test_the_api_gives_them_no_rights_of_staff(
    staff: User, user: User, client_of: Callable[[User], APIClient], settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = "required"
    client, paths = client_of(staff), ("/api/administration/users", "/api/admin/effects", f"/api/admin/users/{user.pk}")
    for path in paths:
        refused = client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required"), path
        assert client_of(user).get(path).json()["code"] == "forbidden"
    assert client.get("/api/me").status_code == 200, "their own things are theirs"
    secret = client.post("/api/auth/two-factor/enable").json()["data"]["secret"]
    assert client.post("/api/auth/two-factor/confirm", {"code": code(secret)}).status_code == 200
    for path in paths:
        assert client.get(path).status_code == 200, path


def test_elsewhere_they_have_the_rights_of_everybody(staff: User, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = "required"
    assert not staff.is_administrator
    assert not staff.has_perm("accounts.view_user")
    set_up(staff)
    again = User.objects.get(pk=staff.pk)
    assert again.is_administrator
    assert again.has_perm("accounts.view_user")


def test_a_code_works_once_as_long_as_it_is_shown(staff: User) -> None:
    secret, _ = set_up(staff)
    shown = code(secret, 1)
    second_factor.check_code(user=staff, code=shown)
    # allauth remembers for one step; a clock that is behind shows it for longer.
    authenticator = Authenticator.objects.get(type="totp")
    assert cache.delete(TOTP(authenticator)._get_used_cache_key(shown))
    with pytest.raises(ValidationFailed):
        second_factor.check_code(user=staff, code=f"{shown[:3]} {shown[3:]}")


def test_the_database_has_no_secret(staff: User) -> None:
    secret, codes = set_up(staff)
    app, recovery = stored()
    assert secret not in json.dumps(app)
    assert app["secret"].startswith("fernet:")
    assert recovery["seed"].startswith("fernet:")
    second_factor.check_code(user=staff, code=code(secret, 1))
    second_factor.check_code(user=staff, code=codes[0])


def test_secrets_from_before_are_read_and_encrypted(staff: User) -> None:
    secret = second_factor.begin(user=staff)["secret"]
    Authenticator.objects.create(user=staff, type="totp", data={"secret": secret})
    Authenticator.objects.create(user=staff, type="recovery_codes", data={"seed": "ab" * 40, "used_mask": 1})
    assert second_factor.status(user=staff) == {"enabled": True, "recovery_codes_left": 9}
    second_factor.check_code(user=staff, code=code(secret))
    call_command("encrypt_second_factors")
    assert secret not in json.dumps(stored())
    assert "ab" * 40 not in json.dumps(stored())
    second_factor.check_code(user=staff, code=code(secret, 1))


def test_a_new_secret_key_needs_the_former_one_until_all_is_encrypted_anew(
    staff: User, make_user: UserFactory, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    former = settings.SECRET_KEY
    _, codes = set_up(staff)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a key that is new", [former]
    second_factor.check_code(user=staff, code=codes[0])
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(DomainError) as refused:
        second_factor.check_code(user=staff, code=codes[1])
    assert (refused.value.code, refused.value.status) == ("second_factor_unreadable", 503)
    assert "neither SECRET_KEY nor a fallback" in caplog.text
    client = Client()
    client.force_login(make_user(role=User.Role.SUPER_ADMINISTRATOR))
    assert client.get("/admin/security/").status_code == 200
    for row in Authenticator.objects.all():
        assert client.get(f"/admin/mfa/authenticator/{row.pk}/delete/").status_code == 200, "can be reset"
    settings.SECRET_KEY_FALLBACKS = [former]
    call_command("encrypt_second_factors")
    settings.SECRET_KEY_FALLBACKS = []
    second_factor.check_code(user=staff, code=codes[1])


def test_super_administrators_reset_what_others_lost(page: Client, staff: User, make_user: UserFactory) -> None:
    chief = make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)
    for person in (staff, chief):
        set_up(person)
    rows = Authenticator.objects.filter(type="totp")
    theirs, own = rows.get(user=staff), rows.get(user=chief)
    client = Client()
    client.force_login(chief)
    for reader in (page, client):
        shown = reader.get(f"/admin/mfa/authenticator/{theirs.pk}/change/").content.decode()
        assert "fernet:" not in shown
    assert page.post(f"/admin/mfa/authenticator/{own.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/mfa/authenticator/{own.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/mfa/authenticator/{theirs.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Authenticator.objects.filter(user=staff).exists()
    entry = AuditEntry.objects.get(event="second_factor.reset")
    assert (entry.actor, entry.subject, entry.detail) == (chief, staff, {"type": "totp"})
