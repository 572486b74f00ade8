"""What staff do for a user, with who and why in the audit log; blocking is in ``blocking``."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.hooks import user_verified
from accounts.models import DataRequest, User
from accounts.services.audit import record
from accounts.services.blocking import lock_below
from accounts.services.passwords import forget_password
from accounts.services.personal_data import request_by_staff
from accounts.services.sessions import end_other_sessions
from config.api.errors import Conflict, refuse
from config.api.why import check_reason


def verify_by_staff(*, user: User, by: User, reason: str) -> User:
    """Take the address as the user's own. Raises as ``block_user``, and Conflict when it is verified."""
    reason = check_reason(reason)
    with transaction.atomic():
        row = lock_below(by, user)
        if row.email_verified_at is not None:
            raise Conflict("This address is verified already")
        _ensure_active(row)
        row.email_verified_at = timezone.now()
        row.save(update_fields=["email_verified_at", "updated_at"])
        record("email.verified_by_staff", actor=by, subject=row, reason=reason, before=None, after="verified")
        user_verified(row)
    return row


def reset_by_staff(*, user: User, by: User, reason: str) -> User:
    """Mail the user a link for another password, and end the sessions. Raises as ``block_user``."""
    reason = check_reason(reason)
    with transaction.atomic():
        row = lock_below(by, user)
        _ensure_active(row)
        ended = end_other_sessions(user=row)
        record("password.reset_required", actor=by, subject=row, reason=reason, sessions=ended)
        forget_password(email=row.email)
    return row


def end_sessions_by_staff(*, user: User, by: User, reason: str) -> int:
    """Log the user out everywhere; answers of how many sessions. Raises as ``block_user``."""
    reason = check_reason(reason)
    with transaction.atomic():
        row = lock_below(by, user)
        ended = end_other_sessions(user=row)
        record("sessions.ended", actor=by, subject=row, reason=reason, before=ended, after=0)
    return ended


def export_for_user(*, user: User, by: User, reason: str) -> None:
    """Have the copy made that the user may ask for; the user alone is mailed where it lies.

    Raises as ``block_user``, and DomainError ``already_requested``.
    """
    reason = check_reason(reason)
    with transaction.atomic():
        row = lock_below(by, user)
        _ensure_active(row)
        request_by_staff(row, DataRequest.Kind.EXPORT, by=by, reason=reason)


def delete_by_staff(*, user: User, by: User, reason: str, confirmation: str) -> None:
    """End the account for good, as its user may. confirmation: its address, repeated.

    Raises as ``block_user``, ValidationFailed for ``confirmation``, and DomainError ``already_requested`` and
    ``last_owner``.
    """
    reason = check_reason(reason)
    with transaction.atomic():
        # Its members first, as everybody who leaves locks them.
        row = lock_below(by, user, members=True)
        if confirmation.strip().lower() != row.email:
            refuse("confirmation", "Repeat the address of the account.")
        # Of the staff alone: what names the user loses its words with the account.
        record("account.deleted_by_staff", actor=by, user=row.pk, reason=reason)
        request_by_staff(row, DataRequest.Kind.DELETION, by=by, reason=reason)


def _ensure_active(row: User) -> None:
    if not row.is_active:
        raise Conflict("This user is blocked, or the account has ended")
