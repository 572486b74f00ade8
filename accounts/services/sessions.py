"""Sessions and their tokens: issue, refresh, end."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.models import LoginSession, User
from accounts.services.audit import Device, record
from config.api.errors import DomainError, NotFound

SESSION_CLAIM = "sid"


@dataclass(frozen=True)
class Tokens:
    """What a client keeps: an access token for requests, a refresh token to get the next pair."""

    access: str
    refresh: str
    expires_in: int


def open_session(*, user: User, device: Device) -> Tokens:
    """Log the user in on a device."""
    session = LoginSession(
        user=user,
        user_agent=device.user_agent[:255],
        address=device.address,
        expires_at=timezone.now() + api_settings.REFRESH_TOKEN_LIFETIME,
    )
    tokens, session.refresh_jti = _issue(user, session.pk)
    session.save(force_insert=True)
    return tokens


def refresh_session(*, refresh_token: str) -> Tokens:
    """Exchange a refresh token for a new pair. A token that was exchanged before ends its session."""
    refused = DomainError("invalid_token", "The refresh token is invalid or has expired.", status=401)
    try:
        token = RefreshToken(refresh_token)
    except TokenError as error:
        raise refused from error
    session = LoginSession.objects.alive().select_related("user").filter(pk=token.get(SESSION_CLAIM)).first()
    if session is None or not session.user.is_active:
        raise refused
    tokens, new_jti = _issue(session.user, session.pk)
    now = timezone.now()
    rotated = (
        LoginSession.objects.alive()
        .filter(pk=session.pk, refresh_jti=token["jti"])
        .update(
            refresh_jti=new_jti,
            last_seen_at=now,
            expires_at=now + api_settings.REFRESH_TOKEN_LIFETIME,
        )
    )
    if not rotated:
        LoginSession.objects.filter(pk=session.pk).revoke()
        record("token.reused", subject=session.user, session=str(session.pk))
        raise DomainError("token_reused", "This refresh token was already used; log in again.", status=401)
    return tokens


def end_session(*, session: LoginSession) -> None:
    """Log out: the session's access token is refused from now on."""
    LoginSession.objects.filter(pk=session.pk).revoke()


def list_sessions(*, user: User, current: LoginSession) -> list[dict[str, Any]]:
    """Where the user is logged in, last seen first."""
    return [
        {
            "id": str(session.pk),
            "device": session.user_agent,
            "address": session.address,
            "created_at": session.created_at,
            "last_seen": session.last_seen_at,
            "expires_at": session.expires_at,
            "current": session.pk == current.pk,
        }
        for session in user.login_sessions.alive()
    ]


def end_session_of(*, user: User, session_id: uuid.UUID) -> None:
    """Log one device of the user out. Raises NotFound for a session that is not theirs, or has ended."""
    if not LoginSession.objects.alive().filter(user=user, pk=session_id).revoke():
        raise NotFound("Session not found")
    record("session.revoked", actor=user, session=str(session_id))


def end_other_sessions(*, user: User, keep: LoginSession | None = None) -> int:
    """End every session of the user but the one that asks; answers how many."""
    sessions = user.login_sessions.exclude(pk=keep.pk) if keep else user.login_sessions.all()
    return sessions.revoke()


def _issue(user: User, session_id: uuid.UUID) -> tuple[Tokens, str]:
    refresh = RefreshToken.for_user(user)
    refresh[SESSION_CLAIM] = str(session_id)
    access: AccessToken = refresh.access_token
    lifetime = int(api_settings.ACCESS_TOKEN_LIFETIME.total_seconds())
    return Tokens(access=str(access), refresh=str(refresh), expires_in=lifetime), str(refresh["jti"])
