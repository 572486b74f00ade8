"""The one credential of the API: a JWT that belongs to a live session."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token

from accounts.models import LoginSession, User
from accounts.services.acting import acting, may_go_on, refuse_acting
from accounts.services.sessions import SESSION_CLAIM
from config.platform.commits import asynchronous
from config.platform.logs import note
from tenants import scope
from tenants.services import foreign_tenant_of_host

# The session list shows when a device was last seen; to the minute is enough and spares a write per request.
LAST_SEEN_GRAIN = timedelta(minutes=1)

_READS = {"GET", "HEAD", "OPTIONS"}
_THE_USERS_OWN = {"accounts", "commerce", "tenants"}

# RFC 6750: what a token may be made of.
_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]+=*")


class SessionJWTAuthentication(JWTAuthentication):
    """Bearer access token of a session that is alive, of a user who is active; enters the user's tenant scope.

    ``request.auth`` is the :class:`~accounts.models.LoginSession`.
    """

    def get_header(self, request: Request) -> bytes:
        return str(request.META.get("HTTP_AUTHORIZATION", "")).encode("latin-1", "replace")

    def get_raw_token(self, header: bytes) -> bytes | None:
        """The token of a ``Bearer`` header, in any case; None for credentials of another kind."""
        scheme, _, token = header.strip().partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        if not _TOKEN.fullmatch(token.strip()):
            raise InvalidToken("The Authorization header must be: Bearer, a space, and one token.")
        return token.strip()

    def authenticate(self, request: Request) -> tuple[User, object] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        user, token = found
        session: LoginSession = token.session
        if foreign_tenant_of_host(request.get_host(), user.tenant_id):
            raise InvalidToken("This host belongs to another tenant.")
        if session.acted_by is not None:
            acting.set(session.acted_by)
            _ensure_may(request, session.acted_by)
        scope.enter(user.tenant_id)
        note(user=user.pk, tenant=user.tenant_id)
        return user, session

    def get_user(self, validated_token: Token) -> User:
        try:
            session_id = uuid.UUID(str(validated_token.get(SESSION_CLAIM)))
        except ValueError as error:
            raise InvalidToken("The token names no session.") from error
        now = timezone.now()
        session = LoginSession.objects.select_related("user__tenant", "acted_by").filter(pk=session_id).first()
        if session is None or not session.is_alive(now) or not session.user.is_active:
            raise InvalidToken("The session has ended; log in again.")
        if not may_go_on(session):
            raise InvalidToken("The session has ended; log in again.")
        if str(session.user_id) != str(validated_token.get("user_id")):
            raise InvalidToken("The token is not of this session's user.")
        if now - session.last_seen_at > LAST_SEEN_GRAIN:
            with asynchronous():
                LoginSession.objects.filter(pk=session_id).update(last_seen_at=now)
        session.access_expires_at = float(validated_token["exp"])
        validated_token.session = session
        return session.user


def _ensure_may(request: Request, staff: User) -> None:
    """Whoever acts as a user looks at the account and the money, and leaves both alone. Logging out ends the acting."""
    match = request.resolver_match
    view = getattr(match.func, "cls", match.func) if match else None
    app = (getattr(view, "__module__", "") or "").split(".")[0]
    if request.method not in _READS and app in _THE_USERS_OWN and not request.path.endswith("/logout"):
        refuse_acting()


class SessionJWTScheme(OpenApiAuthenticationExtension):
    """Tells the OpenAPI schema about it."""

    target_class = "accounts.authentication.SessionJWTAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
