"""Shapes of the account endpoints, one body for three faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from rest_framework import serializers

from accounts.models import User
from accounts.services.passwords import check_new_password
from accounts.services.users import check_new_address
from config.api.errors import refuse
from config.api.serializers import ThoroughSerializer, Values

MISMATCH = "The password confirmation does not match."


class AttributesSerializer(ThoroughSerializer):
    """The same members inside `{"data": {"attributes": {...}}}` (JSON:API) are understood as well."""

    def to_internal_value(self, data: object) -> Values:
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

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
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

    def validate(self, values: Values) -> Values:
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

    def __init__(self, **options: object) -> None:
        text = "Your present password: needed for this once signing in is some minutes ago."
        shape = {
            "required": False,
            "allow_blank": True,
            "allow_null": True,
            "max_length": 255,
            "trim_whitespace": False,
        }
        super().__init__(**{"help_text": text, **shape, **options})

    def validate_empty_values(self, data: object) -> tuple[bool, object]:
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

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        user = self.context["request"].user
        if "email" in values:
            yield partial(check_new_address, values["email"], user)
        if "password" in values:
            yield partial(check_new_password, values["password"], user)

    def validate(self, values: Values) -> Values:
        # The columns know no null.
        return {name: "" if value is None else value for name, value in values.items()}


class EmailSerializer(AttributesSerializer):
    email = serializers.EmailField(max_length=255)


class ResetSerializer(AttributesSerializer):
    email = serializers.EmailField(max_length=255)
    token = serializers.CharField(max_length=255)
    password = serializers.CharField(min_length=8, max_length=255, trim_whitespace=False)
    password_confirmation = serializers.CharField(max_length=255, trim_whitespace=False)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if "password" in values and values.get("password_confirmation", values["password"]) != values["password"]:
            yield partial(refuse, "password_confirmation", MISMATCH)

    def validate(self, values: Values) -> Values:
        values.pop("password_confirmation")
        return values


class VerificationSerializer(AttributesSerializer):
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, source="user_id")
    hash = serializers.CharField(max_length=1024)


class UserIdSerializer(serializers.Serializer):
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class UserDataSerializer(ThoroughSerializer, UserIdSerializer):
    """`login` is the display name."""

    login = serializers.CharField(required=False, max_length=255, source="name")
    email = serializers.EmailField(required=False, max_length=255)
    current_password = CurrentPasswordField(
        help_text="Your present password: needed for your own address once signing in is some minutes ago."
    )

    def lookups(self, values: Values) -> Iterator[Callable[[], object]]:
        user = User.objects.filter(pk=values["id"]).first() if "id" in values else None
        if user is not None and "email" in values:
            yield partial(check_new_address, values["email"], user)


class OwnPasswordSerializer(ThoroughSerializer):
    currentPassword = serializers.CharField(max_length=255, trim_whitespace=False)
    newPassword = serializers.CharField(min_length=8, max_length=255, trim_whitespace=False)
    confirmNewPassword = serializers.CharField(max_length=255, trim_whitespace=False)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        new = values.get("newPassword")
        if new is not None and values.get("confirmNewPassword", new) != new:
            yield partial(refuse, "confirmNewPassword", MISMATCH)
        if new is not None:
            yield partial(check_new_password, new, self.context["request"].user, field="newPassword")
