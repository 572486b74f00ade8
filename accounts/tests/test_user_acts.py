"""The acts on a user's page: who is offered them, what they do, and what the audit log says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.hooks import user_belongings
from accounts.models import AuditEntry, DataRequest, LoginSession, User
from studio.models import Video
from studio.tests.queue_rows import make_row
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

VERBS = ("block", "unblock", "verify", "reset-password", "end-sessions", "export-data", "delete-data")
WHY = {"reason": "they asked on the phone"}


@pytest.fixture
def browser_of(make_user: UserFactory) -> Callable[[str], Client]:
    def browser(group: str) -> Client:
        staff = make_user(name=f"of-{group}")
        staff.groups.add(Group.objects.get(name=group))
        client = Client()
        client.force_login(staff)
        return client

    return browser


@pytest.fixture
def support(browser_of: Callable[[str], Client]) -> Client:
    return browser_of("support")


def page(user: User, verb: str = "") -> str:
    return f"/admin/accounts/user/{user.pk}/change/" + (f"act/{verb}/" if verb else "")


def post(client: Client, user: User, verb: str, **more: str) -> int:
    return client.post(page(user, verb), {**WHY, **more}).status_code


def entry(event: str) -> AuditEntry:
    return AuditEntry.objects.get(event=event)


def test_blocked_and_let_in_again(support: Client, user: User) -> None:
    assert post(support, user, "block") == 302
    user.refresh_from_db()
    assert not user.is_active
    assert 'href="act/block/"' not in support.get(page(user)).text
    assert 'href="act/unblock/"' in support.get(page(user)).text
    answer = support.post(page(user, "block"), WHY)
    assert answer.status_code == 409
    assert WHY["reason"] in answer.text, "what was typed is still there"
    assert post(support, user, "unblock") == 302
    assert User.objects.get(pk=user.pk).is_active


def test_groups_wait_for_the_second_factor_that_is_required(support: Client, user: User, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = "required"
    assert support.get(page(user))["Location"] == "/admin/security/"
    assert post(support, user, "block") == 302
    assert User.objects.get(pk=user.pk).is_active


def test_verified(support: Client, user: User) -> None:
    assert post(support, user, "verify") == 302
    assert User.objects.get(pk=user.pk).email_verified_at
    assert post(support, user, "verify") == 409
    assert entry("email.verified_by_staff").detail["reason"] == WHY["reason"]  # type: ignore[index]


@pytest.mark.parametrize("verb", ["reset-password", "end-sessions"])
def test_sessions_end(support: Client, user: User, api: object, verb: str) -> None:
    assert post(support, user, verb) == 302
    assert not LoginSession.objects.alive().filter(user=user).exists()


def test_an_export_is_asked_for_once(support: Client, user: User) -> None:
    assert post(support, user, "export-data") == 302
    assert post(support, user, "export-data") == 422
    assert DataRequest.objects.get(user=user).kind == "export"
    found = entry("data.export_requested")
    assert (found.subject, found.actor == user) == (user, False)


def test_owners_delete_with_the_address_repeated(
    browser_of: Callable[[str], Client], support: Client, user: User
) -> None:
    assert post(support, user, "delete-data", confirmation=user.email) == 403
    owner = browser_of("owner")
    assert post(owner, user, "delete-data", confirmation="somebody@example.com") == 422
    assert User.objects.get(pk=user.pk).is_active
    assert post(owner, user, "delete-data", confirmation=user.email) == 302
    assert not User.objects.get(pk=user.pk).is_active
    assert entry("account.deleted_by_staff").detail == {"user": user.pk, **WHY}
    assert post(owner, user, "unblock") == 409


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("group", ["finance", "moderation", "operations"])
def test_other_groups_are_shown_none_and_refused(
    browser_of: Callable[[str], Client], user: User, group: str, verb: str
) -> None:
    client = browser_of(group)
    assert f"act/{verb}/" not in client.get(page(user)).text
    assert client.get(page(user, verb)).status_code == 403
    assert post(client, user, verb, confirmation=user.email) == 403


@pytest.mark.parametrize("verb", VERBS)
def test_nobody_acts_on_who_is_not_below(support: Client, make_user: UserFactory, verb: str) -> None:
    chief = make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)
    assert post(support, chief, verb, confirmation=chief.email) == 403
    assert User.objects.get(pk=chief.pk).is_active


def test_many_are_logged_out_with_a_reason(support: Client, user: User, api: object) -> None:
    form = {"action": "end_sessions", "_selected_action": str(user.pk)}
    asked = support.post("/admin/accounts/user/", form)
    assert asked.status_code == 200
    assert LoginSession.objects.alive().filter(user=user).exists(), "asked first"
    assert support.post("/admin/accounts/user/", {**form, "confirmed": "1", **WHY}).status_code == 302
    assert not LoginSession.objects.alive().filter(user=user).exists()
    assert entry("sessions.ended").subject == user


def test_the_page_has_what_the_user_has_and_who_looks_may_see(
    browser_of: Callable[[str], Client], user: User, make_user: UserFactory
) -> None:
    with all_tenants():
        mine, other = make_row(user), make_row(make_user())
        Video.objects.filter(pk=mine.video_id).update(title="<script>alert(1)</script>")
    text = browser_of("support").get(page(user)).text
    assert f"/admin/studio/renderjob/{mine.pk}/change/" in text
    assert f"/admin/studio/renderjob/{other.pk}/change/" not in text
    assert f"/admin/support/supportrequest/?author__id__exact={user.pk}" in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text
    text = browser_of("moderation").get(page(user)).text
    assert f"/admin/studio/renderjob/{mine.pk}/change/" in text
    assert "/admin/commerce/order/?customer" not in text
    assert "/admin/accounts/auditentry/?subject" not in text


@pytest.mark.parametrize("label", sorted(user_belongings))
def test_each_kind_leads_to_its_list(browser_of: Callable[[str], Client], user: User, label: str) -> None:
    asked = user_belongings[label]
    answer = browser_of("owner").get(f"/admin/{label.replace('.', '/')}/?{asked.user}__id__exact={user.pk}")
    assert answer.status_code == 200


def test_no_group_sets_a_password_that_it_would_know(browser_of: Callable[[str], Client], user: User) -> None:
    before = user.password
    new = {"password1": "another horse battery", "password2": "another horse battery"}
    for group in ("support", "finance", "moderation", "operations", "owner"):
        client = browser_of(group)
        assert client.get(f"/admin/accounts/user/{user.pk}/password/").status_code == 403
        assert client.post(f"/admin/accounts/user/{user.pk}/password/", new).status_code == 403
        assert "algorithm" not in client.get(page(user)).text
    user.refresh_from_db()
    assert user.password == before
