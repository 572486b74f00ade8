"""Workspaces in the panel: made, renamed and moved by whoever may, with a reason, one after the other."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import AuditEntry, User
from accounts.services.tenants import move_tenant, rename_tenant
from tenants.models import Tenant
from tenants.services import create_tenant
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(make_user: UserFactory) -> User:
    user = make_user(name="boss")
    user.groups.add(Group.objects.get(name="owner"))
    return user


@pytest.fixture
def panel(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def tenant(db: None) -> Tenant:
    return create_tenant(name="Harbour Films")


def act(tenant: Tenant, verb: str) -> str:
    return f"/admin/tenants/tenant/{tenant.pk}/change/act/{verb}/"


def test_made_renamed_and_moved(panel: Client, owner: User) -> None:
    assert panel.post("/admin/tenants/tenant/add/", {"name": "North & Sons"}).status_code == 302
    tenant = Tenant.objects.get(name="North & Sons")
    assert tenant.slug == "north-sons"
    assert "North &amp; Sons" in panel.get(f"/admin/tenants/tenant/{tenant.pk}/change/").content.decode()
    sent = {"name": "<b>South</b>", "reason": "They moved", "seen": tenant.name}
    assert panel.post(act(tenant, "rename"), sent).status_code == 302
    assert panel.post(act(tenant, "move"), {"slug": "south", "reason": "Too", "seen": tenant.slug}).status_code == 302
    tenant.refresh_from_db()
    assert (tenant.name, tenant.slug) == ("<b>South</b>", "south")
    assert tenant.domain.startswith("south.")
    events = AuditEntry.objects.filter(event__startswith="tenant.").order_by("pk").values_list("event", "actor")
    assert list(events) == [(f"tenant.{verb}", owner.pk) for verb in ("made", "renamed", "moved")]


@pytest.mark.parametrize(
    "slug", ["", "www", "admin", "a.b", "Ünder", "-a", "a-", "a b", "a/../b", "UPPER", "taken", "x" * 64]
)
def test_bad_addresses_are_refused_beside_the_field(panel: Client, tenant: Tenant, slug: str) -> None:
    create_tenant(name="taken")
    answer = panel.post(act(tenant, "move"), {"slug": slug, "reason": "Why", "seen": tenant.slug})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["slug"])
    assert Tenant.objects.get(pk=tenant.pk).slug == "harbour-films"


def test_the_second_of_two_is_told(panel: Client, owner: User, tenant: Tenant) -> None:
    rename_tenant(staff=owner, tenant=tenant, name="First", reason="First", seen=tenant.name)
    answer = panel.post(act(tenant, "rename"), {"name": "Second", "reason": "Mine", "seen": "Harbour Films"})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Somebody else has called it First meanwhile." in text
    assert 'value="Second"' in text
    move_tenant(staff=owner, tenant=tenant, slug="first", reason="First", seen="harbour-films")
    answer = panel.post(act(tenant, "move"), {"slug": "second", "reason": "Mine", "seen": "harbour-films"})
    assert answer.status_code == 409


@pytest.mark.parametrize("group", ["support", "finance", "operations", "moderation"])
def test_other_groups_change_none(make_user: UserFactory, tenant: Tenant, group: str) -> None:
    user = make_user()
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    assert client.post("/admin/tenants/tenant/add/", {"name": "Mine"}).status_code == 403
    for verb in ("rename", "move"):
        sent = {"name": "Mine", "slug": "mine", "reason": "Why", "seen": tenant.name}
        assert client.post(act(tenant, verb), sent).status_code in (403, 404)
    assert client.post(f"/admin/tenants/tenant/{tenant.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Tenant.objects.get(pk=tenant.pk).name == "Harbour Films"
