"""Whoever changes a user's row writes that change alone, and to the row as it is by then.

In each test somebody else's change waits for its commit while the request goes as far as it can; then both go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import LoginSession, User
from accounts.services import Device, authenticate, log_in, open_session
from accounts.services.personal_data import request_deletion
from commerce.tests.races import race, race_behind
from config.api.errors import DomainError
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "an even better one"
REMOVED = "UPDATE accounts_user SET is_active = false WHERE id = %s"
DEMOTED = "UPDATE accounts_user SET role = 0 WHERE id = %s"
DELETED = (
    "UPDATE accounts_user SET is_active = false, email = 'deleted@deleted.invalid', name = 'Deleted user', "
    "password = '!' WHERE id = %s"
)
CHANGES = {"removed": REMOVED, "demoted": DEMOTED, "deleted": DELETED}


@pytest.fixture
def chief(make_user: UserFactory) -> User:
    return make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)


def rights(user: User) -> tuple[Any, ...]:
    row = User.objects.get(pk=user.pk)
    return row.is_active, row.role, row.email, row.name


@pytest.fixture
def doors(live_server: Any, chief: User) -> dict[str, Callable[[], Any]]:
    """Every way to write to one's row."""
    bearer = {"Authorization": f"Bearer {open_session(user=chief, device=Device()).access}"}
    browser = Client()
    browser.force_login(chief)
    token = default_token_generator.make_token(User.objects.get(pk=chief.pk))

    def api(method: str, path: str, **body: Any) -> Callable[[], Any]:
        return lambda: requests.request(method, f"{live_server.url}{path}", json=body, headers=bearer, timeout=60)

    reset = {"email": chief.email, "token": token, "password": NEW, "password_confirmation": NEW}
    own = {"currentPassword": PASSWORD, "newPassword": NEW, "confirmNewPassword": NEW}
    page = f"/admin/accounts/user/{chief.pk}/change/"
    form = {
        "email": chief.email, "name": "Renamed", "is_active": "on", "role": 2,
        "login_sessions-TOTAL_FORMS": 0, "login_sessions-INITIAL_FORMS": 0,
    }  # fmt: skip
    changed = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    return {
        "profile password": api("PATCH", "/api/me", password=NEW),
        "profile name": api("PATCH", "/api/auth/me", first_name="Jo"),
        "profile address": api("POST", "/api/v2/me", email="new@example.com"),
        "own password": api("PATCH", "/api/administration/change-password", **own),
        "reset": api("POST", "/api/auth/reset-password", **reset),
        "staff page": lambda: browser.post(page, form),
        "staff password": lambda: browser.post("/admin/password_change/", changed),
    }


@pytest.mark.parametrize("change", sorted(CHANGES))
@pytest.mark.parametrize(
    "door",
    ["profile password", "profile name", "profile address", "own password", "reset", "staff page", "staff password"],
)
def test_no_door_undoes_what_somebody_else_changed(
    door: str, change: str, doors: dict[str, Callable[[], Any]], chief: User
) -> None:
    [answer] = race_behind(CHANGES[change], [chief.pk], [doors[door]])
    assert not isinstance(answer, Exception), answer
    assert answer.status_code < 500
    row = User.objects.get(pk=chief.pk)
    if change == "demoted":
        assert row.role == User.Role.USER
    else:
        assert not row.is_active
    if change == "deleted":
        assert (row.email, row.name, row.password) == ("deleted@deleted.invalid", "Deleted user", "!")


def test_a_password_that_is_changed_in_a_loop_restores_nothing(
    live_server: Any, user: User, make_user: UserFactory, client_of: Callable[[User], APIClient]
) -> None:
    member = make_user(name="member", tenant=user.tenant, tenant_role=User.TenantRole.MEMBER)
    owner = client_of(user)
    bearer = {"Authorization": f"Bearer {open_session(user=member, device=Device()).access}"}

    def loop() -> list[int]:
        statuses: list[int] = []
        while not statuses or statuses[-1] == 200:
            body = {"password": f"{NEW} {len(statuses)}"}
            statuses.append(
                requests.patch(f"{live_server.url}/api/me", json=body, headers=bearer, timeout=60).status_code
            )
        return statuses

    statuses, removed = race([loop, lambda: owner.delete(f"/api/tenant/members/{member.pk}").status_code])
    assert (removed, statuses[-1]) == (200, 401)
    member.refresh_from_db()
    assert not member.is_active
    assert not LoginSession.objects.alive().filter(user=member).exists()


def test_a_page_that_lay_open_writes_what_was_changed_on_it(chief: User, make_user: UserFactory) -> None:
    person = make_user(name="person", role=User.Role.ADMINISTRATOR)
    browser = Client()
    browser.force_login(chief)
    path = f"/admin/accounts/user/{person.pk}/change/"
    form = browser.get(path).context["adminform"].form
    shown = {form[name].html_name: form[name].value() for name in ("email", "name", "role")}
    initial = {form[name].html_initial_name: form[name].initial for name in ("email", "name", "role")}
    assert "is_active" not in form.fields, "the page has acts for that"
    User.objects.filter(pk=person.pk).update(is_active=False, role=User.Role.USER)
    sessions = {"login_sessions-TOTAL_FORMS": 0, "login_sessions-INITIAL_FORMS": 0}
    assert browser.post(path, {**shown, **initial, **sessions, "name": "Renamed"}).status_code == 302
    person.refresh_from_db()
    assert (person.name, person.is_active, person.role) == ("Renamed", False, User.Role.USER)


@pytest.mark.usefixtures("real_hashing")
def test_a_new_hash_for_an_old_password_does_not_bring_it_back(user: User) -> None:
    old = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6, iterations=1000)
    User.objects.filter(pk=user.pk).update(password=old)
    stale = User.objects.get(pk=user.pk)
    replaced = make_password(NEW)
    User.objects.filter(pk=user.pk).update(password=replaced)
    assert stale.check_password(PASSWORD)
    assert User.objects.get(pk=user.pk).password == replaced
    User.objects.filter(pk=user.pk).update(password=old)
    fresh = User.objects.get(pk=user.pk)
    assert fresh.check_password(PASSWORD)
    renewed = User.objects.get(pk=user.pk).password
    assert renewed not in (old, replaced)
    assert fresh.password == renewed


@pytest.mark.parametrize("change", ["is_active = false", "password = 'another'"])
def test_a_login_under_way_opens_no_session_after_the_account_was_closed_or_reset(change: str, user: User) -> None:
    proven = authenticate(email=user.email, password=PASSWORD, device=Device())
    statement = f"UPDATE accounts_user SET {change} WHERE id = %s"
    [answer] = race_behind(statement, [user.pk], [lambda: log_in(user=proven, device=Device())])
    assert isinstance(answer, DomainError)
    assert answer.code == "invalid_credentials"
    assert not LoginSession.objects.filter(user=user).exists()


def test_of_two_owners_who_leave_at_once_one_stays_with_the_member(user: User, make_user: UserFactory) -> None:
    second = make_user(tenant=user.tenant)
    make_user(tenant=user.tenant, tenant_role=User.TenantRole.MEMBER)

    def leave(owner: User) -> Callable[[], Any]:
        return lambda: request_deletion(user=owner, session=None, password=PASSWORD, confirmation=None)

    lock = "SELECT FROM accounts_user WHERE tenant_id = %s FOR UPDATE"
    answers = race_behind(lock, [user.tenant_id], [leave(user), leave(second)])
    [refused] = [answer for answer in answers if isinstance(answer, DomainError)]
    assert refused.code == "last_owner"
    assert User.objects.filter(tenant=user.tenant, is_active=True, tenant_role="owner").count() == 1


def test_a_removed_owner_removes_nobody(user: User, make_user: UserFactory, client_of: Any) -> None:
    second, member = make_user(tenant=user.tenant), make_user(tenant=user.tenant, tenant_role="member")
    client = client_of(second)
    demoted = "UPDATE accounts_user SET tenant_role = 'member' WHERE id = %s"
    remove = lambda: client.delete(f"/api/tenant/members/{member.pk}")  # noqa: E731
    [answer] = race_behind(demoted, [second.pk], [remove])
    assert answer.status_code == 403
    member.refresh_from_db()
    assert member.is_active
