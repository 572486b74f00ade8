"""The other ways in: a second factor, and other people's accounts."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponseRedirect
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.middleware import device_of
from accounts.rows import LOGIN_ANSWERS, AddressRow, LoginAnswer, RecoveryCodesRow, login_row
from accounts.serializers import CurrentPasswordField
from accounts.services import second_factor, social
from accounts.services.reauthentication import prove_identity
from accounts.services.second_factor import SetupRow, StatusRow
from accounts.viewsets.accounts import session_row
from config.api.envelope import ok
from config.api.permissions import Authenticated, Public
from config.api.serializers import Values
from config.api.views import APIViewSet, parse

STATE_COOKIE = "social_state"


class CodeSerializer(serializers.Serializer):
    code = serializers.CharField(max_length=32)


class PresenceSerializer(serializers.Serializer):
    current_password = CurrentPasswordField()


class DisableSerializer(PresenceSerializer, CodeSerializer):
    pass


class ChallengeSerializer(CodeSerializer):
    challenge = serializers.CharField(max_length=1024)


class SecondFactorViewSet(APIViewSet):
    permissions: ClassVar = {
        "status": [Authenticated],
        "enable": [Authenticated],
        "confirm": [Authenticated],
        "disable": [Authenticated],
        "login": [Public],
    }
    anonymous: ClassVar = {"login"}
    throttles: ClassVar = {"login": "login"}

    @extend_schema(responses=StatusRow)
    def status(self, request: Request) -> Response:
        return ok(second_factor.status(user=request.user), "Two-factor status retrieved successfully")

    @extend_schema(request=PresenceSerializer, responses=SetupRow)
    def enable(self, request: Request) -> Response:
        _prove_identity(request, parse(PresenceSerializer, request))
        return ok(second_factor.begin(user=request.user), "Confirm with a code from your app")

    @extend_schema(request=CodeSerializer, responses=RecoveryCodesRow)
    def confirm(self, request: Request) -> Response:
        codes = second_factor.confirm(user=request.user, **parse(CodeSerializer, request))
        answer: RecoveryCodesRow = {"recovery_codes": codes}
        return ok(answer, "Two-factor authentication enabled")

    @extend_schema(request=DisableSerializer, responses=None)
    def disable(self, request: Request) -> Response:
        values = parse(DisableSerializer, request)
        _prove_identity(request, values)
        second_factor.disable(user=request.user, code=values["code"])
        return ok(None, "Two-factor authentication disabled")

    @extend_schema(request=ChallengeSerializer, responses=LoginAnswer)
    def login(self, request: Request) -> Response:
        """The second step of a login: its challenge, and a code."""
        values = parse(ChallengeSerializer, request)
        user, tokens = second_factor.answer_challenge(**values, device=device_of(request))
        return ok(login_row(user, tokens), "User login successfully")


class SocialLoginViewSet(APIViewSet):
    permissions: ClassVar = {"begin": [Public], "callback": [Public]}
    anonymous: ClassVar = {"begin", "callback"}
    throttles: ClassVar = {"begin": "login", "callback": "login"}

    @extend_schema(responses={200: AddressRow, 302: None})
    def begin(self, request: Request, provider: str) -> Response | HttpResponseRedirect:
        """Sends a browser to the provider; tells any other client where that is."""
        url, state = social.begin(request=request._request, provider=provider)
        wants_page = "text/html" in request.headers.get("Accept", "")
        row: AddressRow = {"url": url}
        answer = HttpResponseRedirect(url) if wants_page else ok(row, "Continue at the provider")
        answer.set_cookie(
            STATE_COOKIE,
            state,
            max_age=social.STATE_SECONDS,
            path="/api/",
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
        return answer

    @extend_schema(responses={200: LOGIN_ANSWERS, 302: None})
    def callback(self, request: Request, provider: str) -> Response | HttpResponseRedirect:
        cookie = request.COOKIES.get(STATE_COOKIE, "")
        identity = social.identify(request=request._request, provider=provider, cookie=cookie)
        row = session_row(social.log_in(identity=identity, device=device_of(request)), request)
        if settings.SOCIAL_LOGIN_REDIRECT_URL:
            kept = ("token", "refresh_token", "expires_in", "two_factor", "challenge")
            # In the fragment, which browsers send to nobody.
            fragment = urlencode({name: value for name, value in row.items() if name in kept})
            answer: Response | HttpResponseRedirect = HttpResponseRedirect(
                f"{settings.SOCIAL_LOGIN_REDIRECT_URL}#{fragment}"
            )
        else:
            answer = ok(row, "User login successfully")
        answer.delete_cookie(STATE_COOKIE, path="/api/")
        return answer


def _prove_identity(request: Request, values: Values) -> None:
    prove_identity(user=request.user, signed_in_at=request.auth.created_at, password=values.get("current_password"))
