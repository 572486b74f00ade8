"""Whoever staff block is out at once, with all that was under way; nobody blocks upwards, or twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from rest_framework.test import APIClient

from accounts.models import AuditEntry, DataRequest, User
from accounts.services import block_user, unblock_user
from accounts.services.members import remove_member
from config.api.errors import Conflict, DomainError, Forbidden, ValidationFailed
from studio.models import RenderJob
from studio.tests.queue_rows import make_row
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_staff_pages_do() -> Iterator[None]:
    with all_tenants():
        yield


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    return make_user(name="operator", role=User.Role.ADMINISTRATOR)


def test_blocking_ends_sessions_and_renders_and_is_told_with_why(user: User, api: APIClient, staff: User) -> None:
    assert api.get("/api/me").status_code == 200
    jobs = [make_row(user), make_row(user)]
    block_user(user=user, by=staff, reason="  stolen cards ")
    assert api.get("/api/me").status_code == 401
    assert {RenderJob.objects.get(pk=job.pk).status for job in jobs} == {"cancelled"}
    (entry,) = AuditEntry.objects.filter(event="user.blocked")
    assert (entry.actor, entry.subject) == (staff, user)
    assert entry.detail == {"reason": "stolen cards", "before": "active", "after": "blocked", "sessions": 1}


def test_unblocking_lets_in_again_and_wakes_no_session(user: User, api: APIClient, staff: User) -> None:
    block_user(user=user, by=staff, reason="a mistake")
    unblock_user(user=user, by=staff, reason="it was one")
    assert User.objects.get(pk=user.pk).is_active
    assert api.get("/api/me").status_code == 401
    assert AuditEntry.objects.get(event="user.unblocked").detail["reason"] == "it was one"


@pytest.mark.parametrize("act", [block_user, unblock_user])
@pytest.mark.parametrize("reason", ["", " \n ", "x" * 501])
def test_a_reason_is_asked_for(user: User, staff: User, act: Callable[..., User], reason: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        act(user=user, by=staff, reason=reason)
    assert [*refused.value.fields] == ["reason"]
    assert User.objects.get(pk=user.pk).is_active


def refused(act: Callable[..., User], kind: type[DomainError], user: User, by: User) -> None:
    before = AuditEntry.objects.count()
    with pytest.raises(kind):
        act(user=user, by=by, reason="because")
    assert AuditEntry.objects.count() == before


def test_nobody_blocks_upwards_sideways_or_themselves(staff: User, make_user: UserFactory) -> None:
    chief = make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)
    colleague = make_user(name="colleague", role=User.Role.ADMINISTRATOR)
    for other in (chief, colleague, staff):
        refused(block_user, Forbidden, other, staff)


def test_the_second_of_two_is_told(user: User, staff: User) -> None:
    refused(unblock_user, Conflict, user, staff)
    block_user(user=user, by=staff, reason="spam")
    refused(block_user, Conflict, user, staff)


def test_nobody_brings_an_account_back_that_was_deleted(user: User, staff: User) -> None:
    DataRequest.objects.create(user=user, kind=DataRequest.Kind.DELETION)
    User.objects.filter(pk=user.pk).update(is_active=False)
    refused(unblock_user, Conflict, user, staff)


def test_who_was_removed_from_a_workspace_is_not_let_in_again(make_user: UserFactory, staff: User) -> None:
    owner = make_user(tenant_role=User.TenantRole.OWNER)
    member = make_user(tenant=owner.tenant, tenant_role=User.TenantRole.MEMBER)
    remove_member(owner=owner, user_id=member.pk)
    refused(unblock_user, Conflict, User.objects.get(pk=member.pk), staff)
    assert not User.objects.get(pk=member.pk).is_active
