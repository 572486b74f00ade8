"""New passwords and addresses: had for the asking just after signing in, for the password later, and told by mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import DataRequest, LoginSession, User
from accounts.tests.mailbox import Mailbox, work
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEW = "an even better one"
SENSITIVE: list[tuple[str, str, dict[str, Any]]] = [
    *(("patch", f"{face}/me", {"password": NEW}) for face in ("/api", "/api/auth", "/api/v2")),
    *(("post", f"{face}/me", {"email": "new@example.com"}) for face in ("/api", "/api/auth", "/api/v2")),
    ("post", "/api/auth/two-factor/enable", {}),
    ("post", "/api/auth/two-factor/disable", {"code": "123456"}),
    ("post", "/api/me/delete", {}),
]


@pytest.fixture
def aged(user: User, api: APIClient) -> APIClient:
    """Of ``user``, who signed in a while ago."""
    LoginSession.objects.filter(user=user).update(created_at=timezone.now() - timedelta(minutes=16))
    return api


def same(user: User) -> bool:
    row = User.objects.get(pk=user.pk)
    return row.check_password(PASSWORD) and (row.email, row.is_active) == (user.email, True)


@pytest.mark.parametrize(("method", "path", "body"), SENSITIVE)
def test_later_it_takes_the_password(method: str, path: str, body: Any, user: User, aged: APIClient) -> None:
    call = getattr(aged, method)
    refused = call(path, body)
    assert (refused.status_code, refused.json()["code"]) == (403, "reauthentication_required")
    wrong = call(path, {**body, "current_password": "wrong"})
    assert wrong.status_code == 422
    assert set(wrong.json()["data"]) <= {"current_password", "password"}
    assert same(user)
    assert not DataRequest.objects.exists()


@pytest.mark.parametrize("changes", [{"password": NEW}, {"email": "new@example.com"}])
def test_the_right_password_is_enough(changes: dict[str, str], user: User, aged: APIClient) -> None:
    answer = aged.patch("/api/me", {**changes, "current_password": PASSWORD})
    assert answer.status_code == 200, answer.json()
    user.refresh_from_db()
    assert user.check_password(changes.get("password", PASSWORD))
    assert user.email == changes.get("email", user.email)


def test_just_after_signing_in_it_is_had_for_the_asking(user: User, api: APIClient) -> None:
    LoginSession.objects.filter(user=user).update(created_at=timezone.now() - timedelta(minutes=14))
    assert api.patch("/api/me", {"password": NEW}).status_code == 200
    assert api.patch("/api/me", {"email": "new@example.com"}).status_code == 200


def test_what_keeps_nobody_out_needs_no_password(user: User, aged: APIClient) -> None:
    answer = aged.patch("/api/me", {"name": "Renamed", "first_name": "Jo", "email": user.email.upper()})
    assert (answer.status_code, answer.json()["data"]["name"]) == (200, "Renamed")


def test_guesses_are_locked(user: User, aged: APIClient) -> None:
    statuses = [
        aged.patch("/api/me", {"password": NEW, "current_password": f"guess {number}"}).status_code
        for number in range(60)
    ]
    assert statuses[-1] == 429
    assert same(user)


def test_whoever_has_no_password_signs_in_again(user: User, aged: APIClient) -> None:
    user.set_unusable_password()
    user.save(update_fields=["password"])
    for body in ({"email": user.email}, {"email": user.email, "password": "anything"}):
        answer = aged.post("/api/me/delete", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "reauthentication_required")
    LoginSession.objects.filter(user=user).update(created_at=timezone.now())
    assert aged.post("/api/me/delete", {"email": user.email}).status_code == 202


@pytest.mark.parametrize("changes", [{"password": NEW}, {"email": "new@example.com"}])
def test_the_other_sessions_end_and_the_former_address_is_told(
    changes: dict[str, str],
    user: User,
    api: APIClient,
    client_of: Callable[[User], APIClient],
    mailbox: Mailbox,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    elsewhere = client_of(user)
    with django_capture_on_commit_callbacks(execute=True):
        assert api.patch("/api/me", changes).status_code == 200
    assert api.get("/api/me").status_code == 200
    assert elsewhere.get("/api/me").status_code == 401
    work()
    told = [mail for mail in mailbox.mails if mail["To"] == user.email]
    assert [mail["Subject"] for mail in told] == [f"Your {'password' if 'password' in changes else 'address'} changed"]


def test_staff_change_their_own_address_like_everybody(make_user: UserFactory, client_of: Any) -> None:
    staff = make_user(role=User.Role.ADMINISTRATOR)
    client = client_of(staff)
    LoginSession.objects.filter(user=staff).update(created_at=timezone.now() - timedelta(hours=1))
    path, body = "/api/administration/change-user-data", {"id": staff.pk, "email": "new@example.com"}
    assert client.patch(path, body).json()["code"] == "reauthentication_required"
    assert client.patch(path, {**body, "current_password": PASSWORD}).status_code == 200


class TestStaffSite:
    @pytest.fixture
    def staff(self, make_user: UserFactory) -> User:
        return make_user(name="operator", role=User.Role.ADMINISTRATOR)

    @pytest.fixture
    def browser(self, staff: User, client: Client) -> Client:
        client.force_login(staff)
        session = client.session
        session["signed_in_at"] = (timezone.now() - timedelta(minutes=16)).isoformat()
        session.save()
        return client

    def form(self, staff: User, **changes: Any) -> dict[str, Any]:
        sessions = {"login_sessions-TOTAL_FORMS": 0, "login_sessions-INITIAL_FORMS": 0}
        return {"email": staff.email, "name": staff.name, "is_active": "on", **sessions, **changes}

    def test_the_own_address(self, staff: User, browser: Client) -> None:
        path = f"/admin/accounts/user/{staff.pk}/change/"
        refused = browser.post(path, self.form(staff, email="new@example.com"))
        assert b"send current_password" in refused.content
        staff.refresh_from_db()
        assert staff.email == "operator@example.com"
        assert browser.post(path, self.form(staff, name="Renamed")).status_code == 302
        form = self.form(staff, email="new@example.com", current_password=PASSWORD)
        assert browser.post(path, form).status_code == 302
        staff.refresh_from_db()
        assert staff.email == "new@example.com"
        assert browser.get("/admin/").status_code == 200, "this browser stays in"

    def test_another_browser_is_out_after_a_new_address(self, staff: User, browser: Client) -> None:
        other = Client()
        other.force_login(staff)
        form = self.form(staff, email="new@example.com", current_password=PASSWORD)
        assert browser.post(f"/admin/accounts/user/{staff.pk}/change/", form).status_code == 302
        assert other.get("/admin/").status_code == 302

    def test_the_own_password_takes_the_present_one_at_every_door(self, staff: User, browser: Client) -> None:
        page = browser.get(f"/admin/accounts/user/{staff.pk}/password/")
        assert page["Location"] == "/admin/password_change/"
        secret = {"password1": NEW, "password2": NEW}
        assert browser.post(f"/admin/accounts/user/{staff.pk}/password/", secret).status_code == 302
        new = {"new_password1": NEW, "new_password2": NEW}
        for old in ("", "wrong"):
            assert browser.post("/admin/password_change/", {**new, "old_password": old}).status_code == 200
        assert User.objects.get(pk=staff.pk).check_password(PASSWORD)
        assert browser.post("/admin/password_change/", {**new, "old_password": PASSWORD}).status_code == 302
        assert User.objects.get(pk=staff.pk).check_password(NEW)
        assert browser.get("/admin/").status_code == 200
