"""Shapes of the account endpoints, one body for three faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from accounts.models import User
from accounts.services import Tokens
from accounts.services.passwords import check_new_password
from accounts.services.users import check_new_address
from config.api.errors import refuse
from config.api.serializers import ThoroughSerializer

MISMATCH = "The password confirmation does not match."


class TenantSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    domain = serializers.CharField()
    db_pool = serializers.CharField()


class UserSerializer(serializers.Serializer[User]):
    """The signed-in user's own profile."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.EmailField()
    first_name = serializers.CharField(allow_null=True)
    last_name = serializers.CharField(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField())
    is_admin = serializers.BooleanField(source="is_staff")
    tenant = TenantSerializer()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def to_representation(self, user: User) -> dict[str, Any]:
        return user_row(user)


class ListedUserSerializer(serializers.Serializer[User]):
    """A user in the staff's list."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.EmailField()
    first_name = serializers.CharField(allow_null=True)
    last_name = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class LoginAnswerSerializer(serializers.Serializer[Any]):
    token = serializers.CharField()
    refresh_token = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the token ends.")
    token_type = serializers.CharField()
    name = serializers.CharField()
    user = UserSerializer()
    tenant = TenantSerializer()


class ChallengeAnswerSerializer(serializers.Serializer[Any]):
    two_factor = serializers.BooleanField()
    challenge = serializers.CharField(help_text="To be sent with a code.")
    expires_in = serializers.IntegerField(help_text="Seconds until the challenge ends.")


LOGIN_ANSWERS = PolymorphicProxySerializer(
    component_name="LoginOrChallenge",
    serializers=[LoginAnswerSerializer, ChallengeAnswerSerializer],
    resource_type_field_name=None,
)
"""What a login answers: tokens, or a challenge where the account has a second factor."""


class VerifiedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    email_verified_at = serializers.DateTimeField()


class RevokedSerializer(serializers.Serializer[Any]):
    revoked = serializers.IntegerField(help_text="How many sessions ended.")


class AttributesSerializer(ThoroughSerializer):
    """The same members inside `{"data": {"attributes": {...}}}` (JSON:API) are understood as well."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and isinstance(data.get("data"), Mapping):
            data = data["data"].get("attributes", {})
        return super().to_internal_value(data)


class RegistrationSerializer(AttributesSerializer):
    """`password_confirmation` and `c_password` are two names of one member."""

    email = serializers.EmailField(max_length=255)
    password = serializers.CharField(min_length=8, max_length=255, trim_whitespace=False)
    password_confirmation = serializers.CharField(required=False, max_length=255, trim_whitespace=False)
    c_password = serializers.CharField(required=False, max_length=255, trim_whitespace=False)
    name = serializers.CharField(required=False, max_length=255)
    first_name = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=255)
    last_name = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=255)

    confirmation = "password_confirmation"
    name_required = False

    def rules(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        repeated = next((values[name] for name in ("password_confirmation", "c_password") if values.get(name)), None)
        if repeated is None:
            yield partial(refuse, self.confirmation, f"The {self.confirmation} field is required.")
        elif "password" in values and repeated != values["password"]:
            yield partial(refuse, self.confirmation, MISMATCH)
        if self.name_required and not values.get("name"):
            yield partial(refuse, "name", "The name field is required.")
        if "email" in values:
            yield partial(check_new_address, values["email"])
        if "password" in values:
            person = User(email=values.get("email", ""), name=values.get("name", ""))
            yield partial(check_new_password, values["password"], person)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        for name in ("password_confirmation", "c_password"):
            values.pop(name, None)
        return {key: value or "" for key, value in values.items()}


class NamedRegistrationSerializer(RegistrationSerializer):
    """With a name, which is required."""

    confirmation = "c_password"
    name_required = True


class LoginSerializer(AttributesSerializer):
    email = serializers.EmailField(max_length=255)
    password = serializers.CharField(max_length=255, trim_whitespace=False)


class RefreshSerializer(AttributesSerializer):
    refresh_token = serializers.CharField(max_length=4096)


class CurrentPasswordField(serializers.CharField):
    """The password of whoever asks, once signing in is some minutes ago."""

    def __init__(self, **options: Any) -> None:
        text = "Your present password: needed for this once signing in is some minutes ago."
        shape = {
            "required": False,
            "allow_blank": True,
            "allow_null": True,
            "max_length": 255,
            "trim_whitespace": False,
        }
        super().__init__(**{"help_text": text, **shape, **options})

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        # A form has no null: both are the same nothing.
        return (True, "") if data is None else super().validate_empty_values(data)


class ProfileSerializer(AttributesSerializer):
    """What a user may change of the own profile: these fields and no other."""

    name = serializers.CharField(required=False, max_length=255)
    first_name = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=255)
    last_name = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=255)
    email = serializers.EmailField(required=False, max_length=255)
    password = serializers.CharField(required=False, min_length=8, max_length=255, trim_whitespace=False)
    current_password = CurrentPasswordField()

    def rules(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        user = self.context["request"].user
        if "email" in values:
            yield partial(check_new_address, values["email"], user)
        if "password" in values:
            yield partial(check_new_password, values["password"], user)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        # The columns know no null.
        return {name: "" if value is None else value for name, value in values.items()}


class EmailSerializer(AttributesSerializer):
    email = serializers.EmailField(max_length=255)


class ResetSerializer(AttributesSerializer):
    email = serializers.EmailField(max_length=255)
    token = serializers.CharField(max_length=255)
    password = serializers.CharField(min_length=8, max_length=255, trim_whitespace=False)
    password_confirmation = serializers.CharField(max_length=255, trim_whitespace=False)

    def rules(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        if "password" in values and values.get("password_confirmation", values["password"]) != values["password"]:
            yield partial(refuse, "password_confirmation", MISMATCH)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        values.pop("password_confirmation")
        return values


class VerificationSerializer(AttributesSerializer):
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, source="user_id")
    hash = serializers.CharField(max_length=1024)


class SessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    device = serializers.CharField(help_text="The User-Agent that logged in.")
    address = serializers.IPAddressField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    current = serializers.BooleanField(help_text="Whether it is the one that asks.")


class AdministeredUserSerializer(UserSerializer):
    """A user with their figures."""

    login = serializers.CharField()
    is_active = serializers.BooleanField()
    email_verified_at = serializers.DateTimeField(allow_null=True)
    videos = serializers.IntegerField()
    jobs = serializers.IntegerField()
    credits = serializers.IntegerField(help_text="What can be spent.")


class UserIdSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class UserDataSerializer(ThoroughSerializer, UserIdSerializer):
    """`login` is the display name."""

    login = serializers.CharField(required=False, max_length=255, source="name")
    email = serializers.EmailField(required=False, max_length=255)
    current_password = CurrentPasswordField(
        help_text="Your present password: needed for your own address once signing in is some minutes ago."
    )

    def lookups(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        user = User.objects.filter(pk=values["id"]).first() if "id" in values else None
        if user is not None and "email" in values:
            yield partial(check_new_address, values["email"], user)


class OwnPasswordSerializer(ThoroughSerializer):
    currentPassword = serializers.CharField(max_length=255, trim_whitespace=False)
    newPassword = serializers.CharField(min_length=8, max_length=255, trim_whitespace=False)
    confirmNewPassword = serializers.CharField(max_length=255, trim_whitespace=False)

    def rules(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        new = values.get("newPassword")
        if new is not None and values.get("confirmNewPassword", new) != new:
            yield partial(refuse, "confirmNewPassword", MISMATCH)
        if new is not None:
            yield partial(check_new_password, new, self.context["request"].user, field="newPassword")


def administered_row(user: User, figures: Mapping[str, int]) -> dict[str, Any]:
    row = {"login": user.name, "is_active": user.is_active, "email_verified_at": user.email_verified_at}
    return {**user_row(user), **row, **figures}


def listed_row(row: dict[str, Any]) -> dict[str, Any]:
    """One ``values()`` row of the staff's list: a name that is not known is null."""
    return {**row, "first_name": row["first_name"] or None, "last_name": row["last_name"] or None}


def user_row(user: User) -> dict[str, Any]:
    """A user as the API shows it to the user."""
    return {
        "id": user.pk,
        "name": user.name,
        "email": user.email,
        "first_name": user.first_name or None,
        "last_name": user.last_name or None,
        "roles": [user.get_role_display()],
        "is_admin": user.is_staff,
        "tenant": tenant_row(user),
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }


def tenant_row(user: User) -> dict[str, Any]:
    return {"id": user.tenant.pk, "domain": user.tenant.domain, "db_pool": user.tenant.db_pool}


def token_row(tokens: Tokens) -> dict[str, Any]:
    return {
        "token": tokens.access,
        "refresh_token": tokens.refresh,
        "expires_in": tokens.expires_in,
        "token_type": "Bearer",
    }


def login_row(user: User, tokens: Tokens) -> dict[str, Any]:
    """What login and registration answer."""
    return {**token_row(tokens), "name": user.name, "user": user_row(user), "tenant": tenant_row(user)}
