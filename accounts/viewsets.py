"""Register, log in, log out, me: one behaviour, three faces."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.serializers import (
    LoginAnswerSerializer,
    LoginSerializer,
    NamedRegistrationSerializer,
    ProfileSerializer,
    RefreshSerializer,
    RegistrationSerializer,
    UserSerializer,
    login_row,
    token_row,
    user_row,
)
from config.api.envelope import ok
from config.api.parsers import JsonApiParser
from config.api.permissions import Authenticated, Public
from config.api.views import APIViewSet, parse

_TokenAnswer = inline_serializer(
    "TokenAnswer",
    {
        "token": serializers.CharField(),
        "refresh_token": serializers.CharField(),
        "expires_in": serializers.IntegerField(),
        "token_type": serializers.CharField(),
    },
)


class AccountViewSet(APIViewSet):
    """The account of whoever asks (document A, versions 1 and 2)."""

    permissions: ClassVar = {
        "register": [Public],
        "login": [Public],
        "refresh": [Public],
        "logout": [Authenticated],
        "me": [Authenticated],
        "update_me": [Authenticated],
    }
    # A client may still send the stale token that it wants to replace.
    anonymous: ClassVar = {"register", "login", "refresh"}
    throttles: ClassVar = {"register": "register", "login": "login", "refresh": "login"}
    parser_classes = (*APIViewSet.parser_classes, JsonApiParser)
    registration: ClassVar = RegistrationSerializer

    @extend_schema(request=RegistrationSerializer, responses=LoginAnswerSerializer)
    def register(self, request: Request) -> Response:
        values = parse(self.registration, request)
        user, tokens = services.register(**values, device=device_of(request))
        return ok(login_row(user, tokens), "User register successfully")

    @extend_schema(request=LoginSerializer, responses=LoginAnswerSerializer)
    def login(self, request: Request) -> Response:
        values = parse(LoginSerializer, request)
        user, tokens = services.log_in(**values, device=device_of(request))
        return ok(login_row(user, tokens), "User login successfully")

    @extend_schema(request=RefreshSerializer, responses=_TokenAnswer)
    def refresh(self, request: Request) -> Response:
        tokens = services.refresh_session(**parse(RefreshSerializer, request))
        return ok(token_row(tokens), "Token refreshed successfully")

    @extend_schema(request=None, responses=None)
    def logout(self, request: Request) -> Response:
        services.end_session(session=request.auth)
        return ok(None, "User logout successfully")

    @extend_schema(responses=UserSerializer)
    def me(self, request: Request) -> Response:
        return ok(user_row(request.user), "User retrieved successfully")

    @extend_schema(request=ProfileSerializer, responses=UserSerializer)
    def update_me(self, request: Request) -> Response:
        changes = parse(ProfileSerializer, request)
        user = services.update_profile(user=request.user, session=request.auth, changes=changes)
        return ok(user_row(user), "User updated successfully")


class NamedAccountViewSet(AccountViewSet):
    """The same account in document B's words: registration asks for a name."""

    registration: ClassVar = NamedRegistrationSerializer

    @extend_schema(request=NamedRegistrationSerializer, responses=LoginAnswerSerializer)
    def register(self, request: Request) -> Response:
        return super().register(request)


def device_of(request: Request) -> services.Device:
    """Where a request comes from, for the session list."""
    return services.Device(
        user_agent=request.headers.get("User-Agent", ""), address=request.META.get("REMOTE_ADDR") or None
    )
