"""Users kept out by staff, and let in again.

Blocking closes the door in one transaction; what the apps then end, such as renders, has locks of its own that come
before a user's row, so it follows, and the queue does it too in case this process dies in between.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.hooks import user_blocked
from accounts.models import DataRequest, User
from accounts.services.audit import record
from accounts.services.authority import check_authority
from accounts.services.member_locks import lock_members
from accounts.services.profiles import find_user, lock_user
from accounts.services.sessions import end_other_sessions
from config.api.errors import Conflict, Forbidden
from config.api.why import check_reason
from config.platform.background import enqueue
from tenants.scope import all_tenants


def block_user(*, user: User, by: User, reason: str) -> User:
    """Keep the user out: sessions end, renders are cancelled, their holds released. Call it in no transaction.

    Raises ValidationFailed for ``reason``, Forbidden for oneself and for whoever is not below, and Conflict when the
    user is blocked already.
    """
    reason = check_reason(reason)
    with transaction.atomic():
        row = lock_below(by, user)
        if not row.is_active:
            raise Conflict("This user is blocked already, or the account has ended")
        _open(row, False)
        ended = end_other_sessions(user=row)
        record("user.blocked", actor=by, subject=row, reason=reason, before="active", after="blocked", sessions=ended)
        enqueue(end_work, row.pk)
    end_work(row.pk)
    return row


def unblock_user(*, user: User, by: User, reason: str) -> User:
    """Let the user in again; what was ended stays so. Raises as ``block_user``, and Conflict for an account's end."""
    reason = check_reason(reason)
    with transaction.atomic():
        row = lock_below(by, user)
        if row.is_active:
            raise Conflict("This user is not blocked")
        if row.blocked_at is None or has_ended(row):
            raise Conflict("This account has ended, it is not blocked; nobody brings it back")
        _open(row, True)
        record("user.unblocked", actor=by, subject=row, reason=reason, before="blocked", after="active")
    return row


def end_work(user_id: int) -> None:
    """Have the apps end what a blocked user has under way. May be done twice."""
    user = find_user(user_id)
    if not user.is_active:
        with all_tenants():
            user_blocked(user)


def has_ended(user: User) -> bool:
    """Whether the account's deletion was asked for."""
    return user.data_requests.filter(kind=DataRequest.Kind.DELETION).exists()


def lock_below(by: User, user: User, *, members: bool = False) -> User:
    """The user as the row is now, locked, if ``by`` may act on them. Raises Forbidden and NotFound.

    members: lock those of the workspace with them, in their order.
    """
    if members:
        lock_members(user.tenant_id)
    row = lock_user(user.pk)
    if row.pk == by.pk:
        raise Forbidden("Nobody does this to the own account")
    check_authority(find_user(by.pk), row)
    return row


def _open(row: User, active: bool) -> None:
    row.is_active, row.blocked_at = active, None if active else timezone.now()
    row.save(update_fields=["is_active", "blocked_at", "updated_at"])
