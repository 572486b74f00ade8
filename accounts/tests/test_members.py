"""Members of a tenant: invited by mail, promoted, removed, and never without an owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, Invitation, User
from accounts.services.members import invitation_token
from accounts.tests.mailbox import Mailbox, work
from commerce.models import Wallet
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(make_user: UserFactory, user: User) -> User:
    return make_user(tenant=user.tenant, tenant_role=User.TenantRole.MEMBER)


def acceptance(token: str, **changes: Any) -> dict[str, Any]:
    return {"token": token, "name": "Ann", "password": PASSWORD, "password_confirmation": PASSWORD, **changes}


def open_invitation(user: User, email: str = "ann@example.com") -> Invitation:
    with tenant_scope(user.tenant):
        expires_at = timezone.now() + timedelta(days=1)
        return Invitation.objects.create(email=email, role="member", invited_by=user, expires_at=expires_at)


def test_an_invitation_from_mail_to_member(
    mailbox: Mailbox,
    user: User,
    api: APIClient,
    anonymous: APIClient,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert api.post("/api/tenant/invitations", {"email": "Ann@Example.com"}).status_code == 201
        assert api.post("/api/tenant/invitations", {"email": "ann@example.com"}).status_code == 201, "renewed"
    assert len(api.get("/api/tenant/invitations").json()["data"]) == 1
    work()
    assert mailbox.mails[0]["To"] == "ann@example.com"
    body = acceptance(mailbox.link()["token"], role="owner", tenant=1)
    assert anonymous.post("/api/tenant/invitations/accept", body).status_code == 200
    ann = User.objects.get(email="ann@example.com")
    assert (ann.tenant_id, ann.tenant_role) == (user.tenant_id, "member")
    assert ann.email_verified_at is not None
    with tenant_scope(user.tenant):
        assert Wallet.objects.filter(user=ann, kind="credits").count() == 1
    assert [row["email"] for row in api.get("/api/tenant/members").json()["data"]] == [user.email, ann.email]
    assert anonymous.post("/api/tenant/invitations/accept", body).status_code == 422, "once"


def test_bad_acceptances_make_nobody(user: User, anonymous: APIClient, make_user: UserFactory) -> None:
    make_user(name="taken")
    fresh, expired, withdrawn = (open_invitation(user, f"{name}@example.com") for name in ("a", "b", "c"))
    taken = open_invitation(user, "taken@example.com")
    with all_tenants():
        Invitation.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
        Invitation.objects.filter(pk=withdrawn.pk).update(withdrawn_at=timezone.now())
    bodies = [
        acceptance("forged"),
        acceptance(invitation_token(fresh) + "x"),
        acceptance(invitation_token(expired)),
        acceptance(invitation_token(withdrawn)),
        acceptance(invitation_token(taken)),
        acceptance(invitation_token(fresh), password="password", password_confirmation="password"),
        acceptance(invitation_token(fresh), password_confirmation="another one"),
        acceptance(invitation_token(fresh), name="n" * 10_000_000),
    ]
    before = User.objects.count()
    for body in bodies:
        assert anonymous.post("/api/tenant/invitations/accept", body).status_code in {413, 422}
    assert User.objects.count() == before


def test_members_look_and_owners_act(user: User, member: User, client_of: Any) -> None:
    client = client_of(member)
    assert client.get("/api/tenant").json()["data"]["role"] == "member"
    assert len(client.get("/api/tenant/members").json()["data"]) == 2
    refused = [
        client.patch("/api/tenant", {"name": "Mine"}),
        client.get("/api/tenant/invitations"),
        client.post("/api/tenant/invitations", {"email": "x@example.com"}),
        client.patch(f"/api/tenant/members/{member.pk}", {"role": "owner"}),
        client.delete(f"/api/tenant/members/{user.pk}"),
        client.delete(f"/api/tenant/invitations/{open_invitation(user).pk}"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 6
    user.refresh_from_db()
    member.refresh_from_db()
    assert user.is_active
    assert member.tenant_role == "member"
    with all_tenants():
        assert Invitation.objects.filter(withdrawn_at=None).count() == 1


def test_another_tenant_does_not_exist(api: APIClient, make_user: UserFactory) -> None:
    stranger = make_user()
    invitation = open_invitation(stranger)
    assert api.patch(f"/api/tenant/members/{stranger.pk}", {"role": "member"}).status_code == 404
    assert api.delete(f"/api/tenant/members/{stranger.pk}").status_code == 404
    assert api.delete(f"/api/tenant/invitations/{invitation.pk}").status_code == 404
    stranger.refresh_from_db()
    assert stranger.is_active


def test_a_removed_member_is_out_at_once(api: APIClient, member: User, client_of: Any, anonymous: APIClient) -> None:
    theirs = client_of(member)
    assert theirs.get("/api/tenant").status_code == 200
    assert api.delete(f"/api/tenant/members/{member.pk}").status_code == 200
    assert theirs.get("/api/tenant").status_code == 401
    assert anonymous.post("/api/login", {"email": member.email, "password": PASSWORD}).status_code == 401
    assert AuditEntry.objects.filter(event="member.removed", subject=member).exists()


def test_the_last_owner_stays(api: APIClient, user: User, member: User, client_of: Any) -> None:
    for answer in (
        api.delete(f"/api/tenant/members/{user.pk}"),
        api.patch(f"/api/tenant/members/{user.pk}", {"role": "member"}),
        api.post("/api/me/delete", {"password": PASSWORD}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "last_owner")
    assert api.patch(f"/api/tenant/members/{member.pk}", {"role": "owner"}).status_code == 200
    assert client_of(member).delete(f"/api/tenant/members/{user.pk}").status_code == 200


def test_renaming(api: APIClient, user: User) -> None:
    answer = api.patch("/api/tenant", {"name": "Studio Nord", "domain": "evil.example.com"})
    assert answer.json()["data"]["name"] == "Studio Nord"
    user.tenant.refresh_from_db()
    assert user.tenant.domain != "evil.example.com"
