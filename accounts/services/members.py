"""Tenants and their members: owners invite by mail, change roles and remove."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, TypedDict
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone

from accounts.models import Invitation, User, normalise_email
from accounts.services.addresses import check_address
from accounts.services.allowances import claim_allowance
from accounts.services.audit import Device, record
from accounts.services.member_locks import check_not_last_owner, check_owner, lock_member
from accounts.services.names import shown_name
from accounts.services.sessions import Tokens, end_other_sessions
from accounts.services.users import create_account, hash_new_password
from config.api.errors import NotFound, ValidationFailed
from config.platform.background import enqueue
from config.platform.mail import send_mail
from tenants import runtime
from tenants.models import Tenant
from tenants.scope import all_tenants, tenant_scope

_signer = signing.Signer(salt="accounts.invitation")


def rename_tenant(*, owner: User, name: str) -> Tenant:
    with transaction.atomic():
        lock_member(owner, owner.pk)
        tenant = owner.tenant
        tenant.name = name
        tenant.save(update_fields=["name"])
        record("tenant.renamed", actor=owner, name=name)
    return tenant


def members_of(user: User) -> list[User]:
    return list(User.objects.filter(tenant_id=user.tenant_id, is_active=True).order_by("pk"))


def invite(*, owner: User, email: str, role: str) -> Invitation:
    """Invite an address; inviting it again renews the invitation. Never tells whether it has an account elsewhere."""
    check_owner(owner)
    email = normalise_email(email)
    check_invitee(owner=owner, email=email)
    _claim_allowances(owner, email)
    with tenant_scope(owner.tenant_id), transaction.atomic():
        invitation, _ = Invitation.objects.update_or_create(
            tenant_id=owner.tenant_id,
            email=email,
            accepted_at=None,
            withdrawn_at=None,
            defaults={
                "role": role,
                "invited_by": owner,
                "expires_at": timezone.now() + timedelta(days=settings.INVITATION_DAYS),
            },
        )
        record("member.invited", actor=owner, email=email, role=role)
        enqueue(mail_invitation, invitation.pk)
    return invitation


def check_invitee(*, owner: User, email: str) -> None:
    """Raises ValidationFailed for an address that may not register, and for a member's."""
    email = normalise_email(email)
    check_address(email)
    if User.objects.filter(tenant_id=owner.tenant_id, email=email, is_active=True).exists():
        raise ValidationFailed({"email": ["This person is a member already."]})


def _claim_allowances(owner: User, email: str) -> None:
    """Nobody is flooded with invitations, and no workspace floods others. Raises TooManyRequests."""
    code, day = "too_many_invitations", timedelta(days=1)
    claim_allowance(
        f"invitations of {owner.tenant_id}",
        limit=runtime.whole("INVITATIONS_PER_TENANT"),
        period=day,
        code=code,
        message="This workspace has sent enough invitations for now",
    )
    claim_allowance(
        f"invitations to {email}",
        limit=settings.INVITATIONS_PER_RECIPIENT,
        period=day,
        code=code,
        message="This address was invited often enough for now",
    )


def open_invitations(user: User) -> list[Invitation]:
    check_owner(user)
    with tenant_scope(user.tenant_id):
        found = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())
        return list(found.order_by("pk"))


def withdraw_invitation(*, owner: User, invitation_id: int) -> None:
    check_owner(owner)
    with tenant_scope(owner.tenant_id):
        still_open = Invitation.objects.filter(pk=invitation_id, accepted_at=None, withdrawn_at=None)
        if not still_open.update(withdrawn_at=timezone.now()):
            raise NotFound("Invitation not found")
    record("member.invitation_withdrawn", actor=owner, invitation=invitation_id)


def invitation_token(invitation: Invitation) -> str:
    return _signer.sign_object([invitation.pk, invitation.email])


def mail_invitation(invitation_id: int) -> None:
    # The queue knows no tenant.
    with all_tenants():
        invitation = Invitation.objects.select_related("tenant", "invited_by").get(pk=invitation_id)
    if not invitation.is_open:
        return
    send_mail(
        to=invitation.email,
        subject="You are invited to a workspace",
        template="invitation",
        context={
            "inviter": shown_name(invitation.invited_by.name),
            "tenant": shown_name(invitation.tenant.name),
            "days": settings.INVITATION_DAYS,
            "link": f"{settings.PUBLIC_URL}/invitation?{urlencode({'token': invitation_token(invitation)})}",
        },
    )


def accept_invitation(*, token: str, password: str, device: Device, name: str = "") -> tuple[User, Tokens]:
    """A new account in the inviting tenant, logged in; its address is proven by the mail it came with.

    An address that has an account already belongs to that account's tenant: one person, one tenant.
    """
    refused = ValidationFailed({"token": ["This invitation is invalid or has expired."]})
    try:
        invitation_id, email = _signer.unsign_object(token)
    except (signing.BadSignature, ValueError) as error:
        raise refused from error
    # The token, not a login, tells the tenant.
    with all_tenants():
        invited = Invitation.objects.filter(pk=invitation_id, email=email)
        found = invited.first()
        if found is None or not found.is_open:
            raise refused
        hashed = hash_new_password(password, User(email=email, name=name or email.split("@")[0]))
    with all_tenants(), transaction.atomic():
        invitation = invited.select_for_update().first()
        if invitation is None or not invitation.is_open:
            raise refused
        user, tokens = create_account(
            email=email,
            password=password,
            hashed=hashed,
            device=device,
            name=name,
            tenant=invitation.tenant,
            tenant_role=invitation.role,
            email_verified_at=timezone.now(),
        )
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
        record("member.joined", actor=user, tenant=invitation.tenant_id)
    return user, tokens


def change_member(*, owner: User, user_id: int, role: str) -> User:
    """Make a member an owner, or an owner a member."""
    with transaction.atomic():
        member = lock_member(owner, user_id)
        if role == User.TenantRole.MEMBER:
            check_not_last_owner(member)
        member.tenant_role = role
        member.save(update_fields=["tenant_role", "updated_at"])
        record("member.changed", actor=owner, subject=member, role=role)
    return member


def remove_member(*, owner: User, user_id: int) -> None:
    """The account ends; what it made stays with the tenant, whose it is."""
    with transaction.atomic():
        member = lock_member(owner, user_id)
        check_not_last_owner(member)
        member.is_active, member.blocked_at = False, None
        member.save(update_fields=["is_active", "blocked_at", "updated_at"])
        end_other_sessions(user=member)
        record("member.removed", actor=owner, subject=member)


class WorkspaceRow(TypedDict):
    id: int
    name: str
    domain: str
    db_pool: str
    role: Annotated[str, User.TenantRole]
    members: int
    created_at: datetime


def tenant_summary(user: User) -> WorkspaceRow:
    tenant = user.tenant
    members = User.objects.filter(tenant=tenant, is_active=True).count()
    return {
        "id": tenant.pk,
        "name": tenant.name,
        "domain": tenant.domain,
        "db_pool": tenant.db_pool,
        "role": user.tenant_role,
        "members": members,
        "created_at": tenant.created_at,
    }
