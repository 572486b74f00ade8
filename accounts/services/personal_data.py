"""A user's right to a copy of everything, and to be forgotten: asked for here, done by the queue."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import DataRequest, LoginSession, User
from accounts.services.acting import refuse_acting
from accounts.services.audit import record
from accounts.services.erasure import erase
from accounts.services.export import archive_lock, archive_of
from accounts.services.member_locks import check_may_leave
from accounts.services.names import shown_name
from accounts.services.reauthentication import prove_identity, prove_password
from accounts.services.sessions import end_other_sessions
from config.api.errors import DomainError, NotFound, ValidationFailed
from config.platform.background import enqueue
from config.platform.locks import session_lock
from config.platform.mail import send_mail
from tenants.scope import all_tenants

logger = logging.getLogger(__name__)

QUEUE_AGAIN_AFTER: Final = timedelta(minutes=5)
"""Far longer than a small request takes; one that takes longer is queued in vain, and that does no harm."""
SECONDS: Final = 6 * 3600
"""For one request: files are copied or removed one by one."""


def request_export(*, user: User) -> DataRequest:
    """Have a copy made; one at a time."""
    return _request(user, DataRequest.Kind.EXPORT)


def request_deletion(
    *, user: User, session: LoginSession | None, password: str | None, confirmation: str | None
) -> DataRequest:
    """End the account for good. The password proves who asks; an account without one repeats its address.

    Once the session is some minutes old, an account without a password signs in again first.
    """
    if not (password and user.has_usable_password()):
        prove_identity(user=user, signed_in_at=session.created_at if session else None, password=None)
    if user.has_usable_password():
        prove_password(user=user, password=password or "")
    elif confirmation != user.email:
        raise ValidationFailed({"email": ["Repeat the address of the account."]})
    return _request(user, DataRequest.Kind.DELETION)


def request_by_staff(user: User, kind: DataRequest.Kind, *, by: User, reason: str) -> DataRequest:
    """What the user may ask for, asked for by staff. Call it with the members locked."""
    return _request(user, kind, actor=by, reason=reason)


def find_export(*, user: User, request_id: UUID | str) -> DataRequest:
    """The user's finished export. Raises NotFound, also for one that has expired."""
    refuse_acting()
    request = user.data_requests.filter(pk=request_id, kind=DataRequest.Kind.EXPORT).first()
    if request is None or request.expires_at is None or request.expires_at < timezone.now():
        raise NotFound("Export not found")
    return request


def export(request_id: str) -> None:
    """Put the copy into the storage, and tell the user. Of two workers at once, one does it."""
    open_requests = DataRequest.objects.filter(kind=DataRequest.Kind.EXPORT, status=DataRequest.Status.PENDING)
    # Copying may take hours: the lock is the session's, and goes with its worker, however that ends.
    with all_tenants(), session_lock(archive_lock(request_id)) as mine:
        request = open_requests.select_related("user").filter(pk=request_id).first() if mine else None
        if request is None:
            return
        if not request.user.is_active:
            # Nobody can fetch it any more.
            request.delete()
            return
        with archive_of(request.user) as archive:
            # Half of it may lie there, of a worker that was killed.
            default_storage.delete(request.archive_name)
            file = default_storage.save(request.archive_name, File(archive))
        done = {"file": file, "status": DataRequest.Status.DONE, "finished_at": timezone.now()}
        with transaction.atomic():
            if open_requests.filter(pk=request_id).update(**done):
                record("data.exported", subject=request.user)
                enqueue(mail_export, request_id)


def mail_export(request_id: str) -> None:
    request = DataRequest.objects.select_related("user").filter(pk=request_id).first()
    if request is None or request.expires_at is None:
        return
    send_mail(
        to=request.user.email,
        subject="Your data is ready",
        template="export_ready",
        context={
            "name": shown_name(request.user.name),
            "path": f"/api/me/export/{request.pk}",
            "days": settings.EXPORT_DAYS,
        },
    )


def queue_again(now: datetime) -> int:
    """Queue what was asked for and is still not done: the message was lost, or its worker. Answers how many."""
    late = DataRequest.objects.filter(status=DataRequest.Status.PENDING, queued_at__lt=now - QUEUE_AGAIN_AFTER)
    queued = 0
    for request in late:
        # One of two reapers.
        if late.filter(pk=request.pk).update(queued_at=now):
            _queue(request)
            queued += 1
    return queued


def sweep_exports(now: datetime) -> int:
    """Remove the files of expired exports; answers how many."""
    swept = 0
    expired = DataRequest.objects.filter(finished_at__lt=now - timedelta(days=settings.EXPORT_DAYS)).exclude(file="")
    for request in expired:
        try:
            default_storage.delete(request.file)
        except (OSError, BotoCoreError, ClientError):
            logger.exception("The export %s could not be removed; trying again later", request.pk)
            continue
        swept += DataRequest.objects.filter(pk=request.pk).update(file="")
    return swept


def _request(user: User, kind: DataRequest.Kind, actor: User | None = None, **why: str) -> DataRequest:
    try:
        with transaction.atomic():
            request = DataRequest.objects.create(user=user, kind=kind)
            record(f"data.{kind}_requested", actor=actor or user, subject=user, **why)
            if kind == DataRequest.Kind.DELETION:
                # From now on nobody is in; the rest may take the queue a while.
                check_may_leave(user)
                User.objects.filter(pk=user.pk).update(is_active=False, updated_at=timezone.now())
                end_other_sessions(user=user)
            _queue(request)
    except IntegrityError as error:
        raise DomainError("already_requested", "This is being prepared already") from error
    return request


def _queue(request: DataRequest) -> None:
    # Failed ones are queued again as well, because the row is still open.
    task = export if request.kind == DataRequest.Kind.EXPORT else erase
    enqueue(task, str(request.pk), seconds=SECONDS, retry=False)
