"""Staff who act as a user: a session of the user's that says so, for some minutes.

Its token has the claim ``act`` (RFC 8693, section 4.1) and can't be refreshed. While it acts nobody changes what lets
the user in, moves money or fetches the user's data; each request that writes is in the audit log.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import LoginSession, User
from accounts.services.audit import current_device, record
from accounts.services.authority import may_act_on
from accounts.services.blocking import lock_below
from accounts.services.sessions import tokens_of
from config.api.errors import Conflict, Forbidden
from config.api.why import check_reason

PERMISSION: Final = "accounts.change_user"

acting: ContextVar[User | None] = ContextVar("acting", default=None)
"""Who of the staff acts as the user of the request in hand (``accounts.authentication``)."""


@dataclass(frozen=True)
class Acted:
    session: UUID
    access: str
    until: datetime


def act_as(*, user: User, by: User, reason: str) -> Acted:
    """Open a session of the user's for ``by``; one that they had as anybody ends.

    Raises as ``block_user``, Forbidden for whoever is of the staff, Conflict for who is blocked.
    """
    reason = check_reason(reason)
    now = timezone.now()
    until = now + timedelta(minutes=settings.ACT_AS_MINUTES)
    with transaction.atomic():
        row = lock_below(by, user)
        if row.is_staff:
            raise Forbidden("Nobody acts as one of the staff")
        if not row.is_active:
            raise Conflict("This user is blocked, or the account has ended")
        LoginSession.objects.filter(acted_by=by).revoke()
        device = current_device.get()
        session = LoginSession(
            user=row, acted_by=by, user_agent="Staff of the studio", refresh_jti="", rotated_at=now, expires_at=until
        )
        session.save(force_insert=True)
        record("acting.began", actor=by, subject=row, reason=reason, session=str(session.pk), until=until.isoformat(),
               from_address=device.address if device else None)  # fmt: skip
    return Acted(session.pk, tokens_of(session).access, until)


def end_acting(*, by: User) -> int:
    """End what ``by`` does as others; answers of how many sessions."""
    with transaction.atomic():
        sessions = LoginSession.objects.alive().filter(acted_by=by).select_related("user")
        for session in sessions:
            record("acting.ended", actor=by, subject=session.user, session=str(session.pk))
        return LoginSession.objects.filter(acted_by=by).revoke()


def may_go_on(session: LoginSession) -> bool:
    """Whether a session in which staff act is still good: of one who may, as one who is not of the staff."""
    staff = session.acted_by
    if staff is None:
        return True
    return staff.has_perm(PERMISSION) and not session.user.is_staff and may_act_on(staff, session.user)


def refuse_acting() -> None:
    """For what is the user's alone. Raises Forbidden ``acting_as`` while staff act as the user."""
    if acting.get() is not None:
        raise Forbidden("Staff who act as a user can't do this: it is the user's alone", "acting_as")
