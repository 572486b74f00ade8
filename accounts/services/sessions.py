"""Sessions and their tokens: issue, refresh, end."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypedDict

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from rest_framework import serializers
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.models import LoginSession, User
from accounts.services.audit import Device, record
from config.api.errors import DomainError, NotFound, Unauthenticated

SESSION_CLAIM = "sid"


@dataclass(frozen=True)
class Tokens:
    """What a client keeps: an access token for requests, a refresh token to get the next pair."""

    access: str
    refresh: str
    expires_in: int


def log_in(*, user: User, device: Device) -> Tokens:
    """Open a session for somebody who has just proven who they are, if that proof is still good.

    Between the proof and now the account may have ended, or got a new password, which ended all sessions.
    """
    with transaction.atomic():
        row = User.objects.select_for_update(no_key=True).only("is_active", "password").filter(pk=user.pk).first()
        if row is None or not row.is_active or row.password != user.password:
            raise DomainError("invalid_credentials", "Incorrect email or password.", status=401)
        return open_session(user=user, device=device)


def open_session(*, user: User, device: Device) -> Tokens:
    """A session of the user on a device."""
    now = timezone.now()
    session = LoginSession(
        user=user,
        user_agent=device.user_agent[:255],
        address=device.address,
        refresh_jti=uuid.uuid4().hex,
        rotated_at=now,
        expires_at=now + api_settings.REFRESH_TOKEN_LIFETIME,
    )
    session.save(force_insert=True)
    return _tokens(session)


def refresh_session(*, refresh_token: str) -> Tokens:
    """Exchange a refresh token for a new pair.

    The same token within REFRESH_GRACE_SECONDS gets the same pair: two tabs refresh at once, or an answer was lost on
    its way. After that a token that was exchanged before ends its session.
    """
    refused = DomainError("invalid_token", "The refresh token is invalid or has expired.", status=401)
    try:
        token = RefreshToken(refresh_token)
        session_id, jti = uuid.UUID(str(token.get(SESSION_CLAIM))), str(token["jti"])
    except (TokenError, ValueError) as error:
        raise refused from error
    with transaction.atomic():
        alive = LoginSession.objects.alive().select_for_update(of=("self",)).select_related("user")
        session = alive.filter(pk=session_id).first()
        if (
            session is None
            or session.acted_by_id
            or not session.user.is_active
            or str(session.user_id) != str(token.get("user_id"))
        ):
            raise refused
        now = timezone.now()
        if jti == session.refresh_jti:
            _rotate(session, now)
        if jti in session.former_jtis and now.timestamp() - session.former_jtis[jti] <= settings.REFRESH_GRACE_SECONDS:
            return _tokens(session)
        LoginSession.objects.filter(pk=session.pk).revoke()
        record("token.reused", subject=session.user, session=str(session.pk))
    raise DomainError("token_reused", "This refresh token was already used; log in again.", status=401)


def tokens_of(session: LoginSession) -> Tokens:
    """Those of a session that was just opened."""
    return _tokens(session)


def end_session(*, session: LoginSession) -> None:
    """Log out: the session's access token is refused from now on."""
    LoginSession.objects.filter(pk=session.pk).revoke()
    if session.acted_by is not None:
        record("acting.ended", actor=session.acted_by, subject=session.user, session=str(session.pk))


def check_alive(session: LoginSession, user: User) -> None:
    """Raises Unauthenticated once the session, or its user's account, has ended. Call with the user locked."""
    if not (user.is_active and LoginSession.objects.alive().filter(pk=session.pk).exists()):
        raise Unauthenticated("The session has ended; log in again.")


class SessionRow(TypedDict):
    id: Annotated[str, serializers.UUIDField]
    device: Annotated[str, "The User-Agent that logged in."]
    address: Annotated[str | None, serializers.IPAddressField]
    created_at: datetime
    last_seen: datetime
    expires_at: datetime
    current: Annotated[bool, "Whether it is the one that asks."]


def list_sessions(*, user: User, current: LoginSession) -> list[SessionRow]:
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


def _rotate(session: LoginSession, now: datetime) -> None:
    oldest = now.timestamp() - settings.REFRESH_GRACE_SECONDS
    recent = {jti: at for jti, at in session.former_jtis.items() if at >= oldest}
    session.former_jtis = {**recent, session.refresh_jti: now.timestamp()}
    session.refresh_jti = uuid.uuid4().hex
    session.rotated_at = session.last_seen_at = now
    session.expires_at = now + api_settings.REFRESH_TOKEN_LIFETIME
    session.save(update_fields=["former_jtis", "refresh_jti", "rotated_at", "last_seen_at", "expires_at"])


def _tokens(session: LoginSession) -> Tokens:
    """The pair of the session's present refresh token, the same to the last byte however often it is asked for."""
    issued_at = session.rotated_at
    refresh = RefreshToken.for_user(session.user)
    refresh[SESSION_CLAIM] = str(session.pk)
    refresh["jti"] = session.refresh_jti
    access: AccessToken = refresh.access_token
    access["jti"] = f"{session.refresh_jti}-access"
    for token in (refresh, access):
        token.set_iat(at_time=issued_at)
        token.set_exp(from_time=issued_at)
    if session.acted_by_id:
        access["act"] = {"sub": str(session.acted_by_id)}
        access.set_exp(from_time=issued_at, lifetime=session.expires_at - issued_at)
    spent = (timezone.now() - issued_at).total_seconds()
    left = max(math.ceil(api_settings.ACCESS_TOKEN_LIFETIME.total_seconds() - spent), 0)
    return Tokens(access=str(access), refresh=str(refresh), expires_in=left)
