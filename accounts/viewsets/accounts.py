"""Register, log in, log out, me: one behaviour, three faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.middleware import device_of
from accounts.models import User
from accounts.rows import (
    LOGIN_ANSWERS,
    ChallengeAnswer,
    LoginAnswer,
    RevokedRow,
    TokenAnswer,
    UserRow,
    VerifiedRow,
    login_row,
    token_row,
    user_row,
    verified_row,
)
from accounts.serializers import (
    EmailSerializer,
    LoginSerializer,
    NamedRegistrationSerializer,
    ProfileSerializer,
    RefreshSerializer,
    RegistrationSerializer,
    ResetSerializer,
    VerificationSerializer,
)
from accounts.services import second_factor
from accounts.services.sessions import SessionRow
from config.api.envelope import ok
from config.api.parsers import JsonApiParser
from config.api.permissions import Authenticated, Public
from config.api.views import APIViewSet, parse


class AccountViewSet(APIViewSet):
    """The account of whoever asks (document A, versions 1 and 2)."""

    permissions: ClassVar = {
        "register": [Public],
        "login": [Public],
        "refresh": [Public],
        "forgot_password": [Public],
        "reset_password": [Public],
        "verify_email": [Public],
        "resend_verification": [Authenticated],
        "logout": [Authenticated],
        "me": [Authenticated],
        "update_me": [Authenticated],
    }
    # A client may still send the stale token that it wants to replace.
    anonymous: ClassVar = {"register", "login", "refresh", "forgot_password", "reset_password", "verify_email"}
    throttles: ClassVar = {
        "register": "register",
        "login": "login",
        "refresh": "login",
        "forgot_password": "reset",
        "reset_password": "reset",
        "verify_email": "reset",
        "resend_verification": "reset",
    }
    parser_classes = (*APIViewSet.parser_classes, JsonApiParser)
    registration: ClassVar = RegistrationSerializer

    @extend_schema(request=RegistrationSerializer, responses=LoginAnswer)
    def register(self, request: Request) -> Response:
        values = parse(self.registration, request)
        user, tokens = services.register(**values, device=device_of(request))
        return ok(login_row(user, tokens), "User register successfully")

    @extend_schema(request=LoginSerializer, responses=LOGIN_ANSWERS)
    def login(self, request: Request) -> Response:
        values = parse(LoginSerializer, request)
        user = services.authenticate(**values, device=device_of(request))
        return ok(session_row(user, request), "User login successfully")

    @extend_schema(request=RefreshSerializer, responses=TokenAnswer)
    def refresh(self, request: Request) -> Response:
        tokens = services.refresh_session(**parse(RefreshSerializer, request))
        return ok(token_row(tokens), "Token refreshed successfully")

    @extend_schema(request=EmailSerializer, responses=None)
    def forgot_password(self, request: Request) -> Response:
        """Mails a link, if there is an account; the answer is the same if there is none."""
        services.forget_password(**parse(EmailSerializer, request))
        return ok(None, "If this address has an account, a link to choose a new password is on its way")

    @extend_schema(request=ResetSerializer, responses=None)
    def reset_password(self, request: Request) -> Response:
        services.reset_password(**parse(ResetSerializer, request))
        return ok(None, "Password reset successfully")

    @extend_schema(request=VerificationSerializer, responses=VerifiedRow)
    def verify_email(self, request: Request) -> Response:
        user = services.verify_email(**parse(VerificationSerializer, request))
        return ok(verified_row(user), "Email verified successfully")

    @extend_schema(request=None, responses=None)
    def resend_verification(self, request: Request) -> Response:
        services.ask_for_verification(user=request.user)
        return ok(None, "If the address is not confirmed yet, a link is on its way")

    @extend_schema(request=None, responses=None)
    def logout(self, request: Request) -> Response:
        services.end_session(session=request.auth)
        return ok(None, "User logout successfully")

    @extend_schema(responses=UserRow)
    def me(self, request: Request) -> Response:
        return ok(user_row(request.user), "User retrieved successfully")

    @extend_schema(request=ProfileSerializer, responses=UserRow)
    def update_me(self, request: Request) -> Response:
        changes = parse(ProfileSerializer, request)
        current = changes.pop("current_password", None)
        user = services.update_profile(
            user=request.user, session=request.auth, changes=changes, current_password=current
        )
        return ok(user_row(user), "User updated successfully")


class SessionViewSet(APIViewSet):
    """Where I am logged in."""

    permissions: ClassVar = {"list": [Authenticated], "revoke": [Authenticated], "revoke_all": [Authenticated]}

    @extend_schema(responses=Sequence[SessionRow])
    def list(self, request: Request) -> Response:
        rows = services.list_sessions(user=request.user, current=request.auth)
        return ok(rows, "Sessions retrieved successfully")

    @extend_schema(request=None, responses=None)
    def revoke(self, request: Request, session_id: UUID) -> Response:
        services.end_session_of(user=request.user, session_id=session_id)
        return ok(None, "Session revoked successfully")

    @extend_schema(request=None, responses=RevokedRow)
    def revoke_all(self, request: Request) -> Response:
        """Every session but the one that asks."""
        ended = services.end_other_sessions(user=request.user, keep=request.auth)
        answer: RevokedRow = {"revoked": ended}
        return ok(answer, "Sessions revoked successfully")


class NamedAccountViewSet(AccountViewSet):
    """The same account in document B's words: registration asks for a name."""

    registration: ClassVar = NamedRegistrationSerializer

    @extend_schema(request=NamedRegistrationSerializer, responses=LoginAnswer)
    def register(self, request: Request) -> Response:
        return super().register(request)


def session_row(user: User, request: Request) -> LoginAnswer | ChallengeAnswer:
    """What a login answers: tokens, or a challenge where the user has a second factor."""
    if second_factor.is_enabled(user):
        challenge = second_factor.challenge(user=user)
        return {"two_factor": True, "challenge": challenge, "expires_in": second_factor.CHALLENGE_SECONDS}
    return login_row(user, services.log_in(user=user, device=device_of(request)))
