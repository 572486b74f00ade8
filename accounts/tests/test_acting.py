"""Staff act as a customer for some minutes: told everywhere, written down, and without money or credentials."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import AuditEntry, LoginSession, User
from accounts.services.acting import act_as, acting
from commerce.services.holds import hold_credits
from config.api.errors import Forbidden
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

WHY = "a broken upload, ticket 12"


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    helper = make_user(name="helper")
    helper.groups.add(Group.objects.get(name="support"))
    return User.objects.get(pk=helper.pk)


def bearer(token: str) -> APIClient:
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return api


@pytest.fixture
def acted(user: User, staff: User) -> APIClient:
    return bearer(act_as(user=user, by=staff, reason=WHY).access)


def test_the_page_hands_out_a_token_and_says_so_on_every_page(user: User, staff: User) -> None:
    browser = Client()
    browser.force_login(staff)
    path = f"/admin/accounts/user/{user.pk}/change/act/act-as/"
    assert browser.post(path, {"reason": ""}).status_code == 422
    page = browser.post(path, {"reason": WHY})
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    found = re.search(r"<textarea[^>]*>(ey[^<]+)</textarea>", page.text)
    assert found
    assert bearer(found[1]).get("/api/me").json()["data"]["email"] == user.email
    assert AccessToken(found[1])["act"] == {"sub": str(staff.pk)}  # type: ignore[arg-type]
    for address in ("/admin/accounts/user/", "/admin/"):
        assert "You act as" in browser.get(address).text
    assert browser.post("/admin/acting/end/").status_code == 302
    assert "You act as <a" not in browser.get("/admin/accounts/user/").text
    assert bearer(found[1]).get("/api/me").status_code == 401
    assert AuditEntry.objects.get(event="acting.began").detail["reason"] == WHY  # type: ignore[index, call-overload]
    assert AuditEntry.objects.filter(event="acting.ended", actor=staff, subject=user).count() == 1


def test_logging_out_ends_it_and_is_written_down(user: User, staff: User, acted: APIClient) -> None:
    assert acted.post("/api/logout").status_code == 200
    assert acted.get("/api/me").status_code == 401
    assert AuditEntry.objects.filter(event="acting.ended", actor=staff, subject=user).count() == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/api/me"), ("patch", "/api/auth/me"), ("post", "/api/me/delete"), ("post", "/api/me/export"),
        ("delete", "/api/auth/sessions"), ("post", "/api/auth/two-factor/enable"),
        ("get", "/api/me/export/11111111-1111-4111-8111-111111111111"), ("patch", "/api/tenant"),
        ("post", "/api/tenant/invitations"), ("post", "/api/orders"), ("post", "/api/finance-operations"),
    ],
)  # fmt: skip
def test_money_and_credentials_are_the_users_alone(acted: APIClient, user: User, method: str, path: str) -> None:
    answer = getattr(acted, method)(path, {})
    assert (answer.status_code, answer.json().get("code")) == (403, "acting_as"), answer.json()


def test_no_credits_are_spent(user: User, staff: User) -> None:
    token = acting.set(staff)
    try:
        with pytest.raises(Forbidden):
            hold_credits(
                user=user, amount=1, reference_type="x", reference_id=1, description="x", idempotency_key="acting"
            )
    finally:
        acting.reset(token)


def test_it_ends_in_time_and_with_the_right_to_it(acted: APIClient, user: User, staff: User) -> None:
    assert acted.get("/api/me").status_code == 200
    staff.groups.clear()
    assert acted.get("/api/me").status_code == 401
    staff.groups.add(Group.objects.get(name="support"))
    assert acted.get("/api/me").status_code == 200
    LoginSession.objects.filter(acted_by=staff).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert acted.get("/api/me").status_code == 401


def test_who_joins_the_staff_is_acted_as_no_longer(acted: APIClient, user: User) -> None:
    user.groups.add(Group.objects.get(name="finance"))
    assert acted.get("/api/me").status_code == 401


@pytest.mark.parametrize("role", [User.Role.ADMINISTRATOR, User.Role.SUPER_ADMINISTRATOR])
def test_nobody_acts_as_staff(make_user: UserFactory, role: int) -> None:
    chief = make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)
    with pytest.raises(Forbidden):
        act_as(user=make_user(name="colleague", role=role), by=chief, reason=WHY)


def test_what_is_written_meanwhile_has_the_name_of_the_staff(
    acted: APIClient, user: User, staff: User, make_user: Callable[..., User]
) -> None:
    acted.post("/api/videos", {})
    entry: Any = AuditEntry.objects.get(event="acting.act")
    assert (entry.actor, entry.subject, entry.detail["path"]) == (staff, user, "/api/videos")
