"""Document A's user administration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.mailbox import Mailbox, work
from commerce.services.wallets import open_credit_wallet
from studio.models import Video
from tenants.scope import tenant_scope
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    return make_user(name="operator", role=User.Role.ADMINISTRATOR)


@pytest.fixture
def operator(staff: User, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(staff)


def test_users_come_with_what_they_have(operator: APIClient, user: User, settings: Any) -> None:
    open_credit_wallet(user=user)
    with tenant_scope(user.tenant):
        Video.objects.create(owner=user, type="deforum")
    answer = operator.get("/api/administration/users", {"search": user.name}).json()["data"]
    [row] = answer["items"]
    assert (row["videos"], row["jobs"], row["credits"]) == (1, 0, settings.SIGNUP_CREDITS)
    assert (row["login"], row["email"], row["is_active"]) == (user.name, user.email, True)


def test_the_list_costs_the_same_for_many(operator: APIClient, make_user: UserFactory) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert operator.get("/api/administration/users").status_code == 200
        return len(captured)

    first = queries()
    for _ in range(4):
        make_user()
    assert queries() == first


def test_staff_send_a_reset_link_and_end_the_sessions(
    operator: APIClient,
    user: User,
    api: APIClient,
    mailbox: Mailbox,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = operator.patch("/api/administration/admin-reset-user-password", {"id": user.pk})
    assert answer.status_code == 200
    assert api.get("/api/me").status_code == 401
    work()
    assert [mail["To"] for mail in mailbox.mails] == [user.email]
    assert AuditEntry.objects.get(event="password.reset_required").subject == user


def test_staff_change_name_and_address(operator: APIClient, staff: User, user: User) -> None:
    body = {"id": user.pk, "login": "Renamed", "email": "New@Example.com", "role": 2, "password": "injected one"}
    assert operator.patch("/api/administration/change-user-data", body).status_code == 200
    user.refresh_from_db()
    assert (user.name, user.email, user.role) == ("Renamed", "new@example.com", User.Role.USER)
    assert user.check_password(PASSWORD)
    entry = AuditEntry.objects.get(event="user.changed")
    assert (entry.actor, entry.subject, entry.detail["after"]["name"]) == (staff, user, "Renamed")


@pytest.mark.parametrize(
    "changes", [{"email": "operator@example.com"}, {"email": "ＯＰＥＲＡＴＯＲ@example.com"}, {"login": "n" * 256}]
)
def test_bad_data_changes_nothing(operator: APIClient, user: User, changes: dict[str, Any]) -> None:
    before = (user.name, user.email)
    answer = operator.patch("/api/administration/change-user-data", {"id": user.pk, **changes})
    assert answer.status_code == 422
    user.refresh_from_db()
    assert (user.name, user.email) == before


def test_administrators_do_not_touch_each_other(operator: APIClient, make_user: UserFactory, client_of: Any) -> None:
    colleague = make_user(name="colleague", role=User.Role.ADMINISTRATOR)
    theirs = client_of(colleague)
    data = {"id": colleague.pk, "email": "mine@example.com"}
    assert operator.patch("/api/administration/change-user-data", data).status_code == 403
    assert operator.patch("/api/administration/admin-reset-user-password", {"id": colleague.pk}).status_code == 403
    assert theirs.get("/api/me").json()["data"]["email"] == "colleague@example.com"
    chief = client_of(make_user(role=User.Role.SUPER_ADMINISTRATOR))
    assert chief.patch("/api/administration/change-user-data", {"id": colleague.pk, "login": "C"}).status_code == 200


def test_the_own_password_needs_the_present_one(operator: APIClient, staff: User, client_of: Any) -> None:
    elsewhere = client_of(staff)
    path, new = "/api/administration/change-password", "an even better one"
    body = {"currentPassword": PASSWORD, "newPassword": new, "confirmNewPassword": new}
    for changes, field in (
        ({"currentPassword": "wrong"}, "currentPassword"),
        ({"confirmNewPassword": "other"}, "confirmNewPassword"),
        ({"newPassword": "password", "confirmNewPassword": "password"}, "newPassword"),
    ):
        assert list(operator.patch(path, {**body, **changes}).json()["data"]) == [field]
    staff.refresh_from_db()
    assert staff.check_password(PASSWORD)
    assert operator.patch(path, body).status_code == 200
    assert operator.get("/api/me").status_code == 200
    assert elsewhere.get("/api/me").status_code == 401
