"""What the API says of people, their workspaces and their logins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypedDict, cast

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from accounts.models import DataRequest, Invitation, User
from accounts.services import Tokens


class TenantRow(TypedDict):
    id: int
    domain: str
    db_pool: str


def tenant_row(user: User) -> TenantRow:
    return {"id": user.tenant.pk, "domain": user.tenant.domain, "db_pool": user.tenant.db_pool}


class UserRow(TypedDict):
    """The signed-in user's own profile."""

    id: int
    name: str
    email: Annotated[str, serializers.EmailField]
    first_name: str | None
    last_name: str | None
    roles: list[str]
    is_admin: bool
    tenant: TenantRow
    created_at: datetime
    updated_at: datetime


def user_row(user: User) -> UserRow:
    """A user as the API shows it to the user."""
    return {
        "id": user.pk,
        "name": user.name,
        "email": user.email,
        "first_name": user.first_name or None,
        "last_name": user.last_name or None,
        "roles": [user.get_role_display()],
        "is_admin": user.has_staff_role,
        "tenant": tenant_row(user),
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }


class ListedUserRow(TypedDict):
    """A user in the staff's list."""

    id: int
    name: str
    email: Annotated[str, serializers.EmailField]
    first_name: str | None
    last_name: str | None
    created_at: datetime


LISTED = tuple(ListedUserRow.__annotations__)


def listed_row(row: ListedUserRow) -> ListedUserRow:
    """One ``values()`` row of ``LISTED``: a name that is not known is null."""
    return {**row, "first_name": row["first_name"] or None, "last_name": row["last_name"] or None}


class AdministeredUserRow(UserRow):
    """A user with their figures."""

    login: str
    is_active: bool
    email_verified_at: datetime | None
    videos: int
    jobs: int
    credits: Annotated[int, "What can be spent."]


def administered_row(user: User, figures: Mapping[str, int]) -> AdministeredUserRow:
    """figures: of this user, as ``user_figures`` has them."""
    return {
        **user_row(user),
        "login": user.name,
        "is_active": user.is_active,
        "email_verified_at": user.email_verified_at,
        "videos": figures["videos"],
        "jobs": figures["jobs"],
        "credits": figures["credits"],
    }


class TokenAnswer(TypedDict):
    token: str
    refresh_token: str
    expires_in: int
    token_type: str


def token_row(tokens: Tokens) -> TokenAnswer:
    return {
        "token": tokens.access,
        "refresh_token": tokens.refresh,
        "expires_in": tokens.expires_in,
        "token_type": "Bearer",
    }


class LoginAnswer(TypedDict):
    token: str
    refresh_token: str
    expires_in: Annotated[int, "Seconds until the token ends."]
    token_type: str
    name: str
    user: UserRow
    tenant: TenantRow


class ChallengeAnswer(TypedDict):
    two_factor: bool
    challenge: Annotated[str, "To be sent with a code."]
    expires_in: Annotated[int, "Seconds until the challenge ends."]


def login_row(user: User, tokens: Tokens) -> LoginAnswer:
    """What login and registration answer."""
    return {**token_row(tokens), "name": user.name, "user": user_row(user), "tenant": tenant_row(user)}


LOGIN_ANSWERS = PolymorphicProxySerializer(
    component_name="LoginOrChallenge",
    serializers=[LoginAnswer, ChallengeAnswer],
    resource_type_field_name=None,
)
"""What a login answers: tokens, or a challenge where the account has a second factor."""


class VerifiedRow(TypedDict):
    id: int
    email_verified_at: datetime


def verified_row(user: User) -> VerifiedRow:
    # It has just been verified.
    return {"id": user.pk, "email_verified_at": cast(datetime, user.email_verified_at)}


class RevokedRow(TypedDict):
    revoked: Annotated[int, "How many sessions ended."]


class RecoveryCodesRow(TypedDict):
    recovery_codes: Annotated[list[str], "Shown once; each works once."]


class AddressRow(TypedDict):
    url: Annotated[str, serializers.URLField]


class RoleRow(TypedDict):
    role: Annotated[str, User.TenantRole]


class MemberRow(RoleRow):
    id: int
    name: str
    email: Annotated[str, serializers.EmailField]
    created_at: datetime


def member_row(user: User) -> MemberRow:
    return {
        "id": user.pk,
        "name": user.name,
        "email": user.email,
        "role": user.tenant_role,
        "created_at": user.created_at,
    }


class InvitationRow(RoleRow):
    id: int
    email: Annotated[str, serializers.EmailField]
    created_at: datetime
    expires_at: datetime


def invitation_row(invitation: Invitation) -> InvitationRow:
    return {
        "id": invitation.pk,
        "email": invitation.email,
        "role": invitation.role,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
    }


class DataRequestRow(TypedDict):
    id: Annotated[str, serializers.UUIDField]
    kind: str
    status: str
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


def request_row(found: DataRequest) -> DataRequestRow:
    return {
        "id": str(found.pk),
        "kind": found.kind,
        "status": found.status,
        "created_at": found.created_at,
        "finished_at": found.finished_at,
        "expires_at": found.expires_at,
    }
