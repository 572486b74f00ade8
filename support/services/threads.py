"""The talk about a request: questions of its author, answers and notes of staff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.services.audit import record
from config.api.errors import DomainError, TooManyRequests
from config.platform.background import enqueue
from studio.models import MediaFile
from support.models import SupportMessage, SupportRequest
from support.services.notices import mail_answered
from support.services.requests import announce, attach, find_request, label, lock_request, own_files

Kind = SupportMessage.Kind
Status = SupportRequest.Status

QUESTIONS_PER_HOUR = 30
"""Of one author in one request: far more than a person writes, and where a mail robot stops."""


def thread(request: SupportRequest) -> QuerySet[SupportMessage, SupportMessage]:
    """What the author sees: everything but the staff's notes, unordered."""
    return SupportMessage.objects.filter(request=request).exclude(kind=Kind.NOTE)


def send_message(*, user: User, request_id: int, text: str, attachment_ids: Sequence[int] = ()) -> SupportMessage:
    """A message of the author or, by staff, an answer. Call it in the tenant's scope."""
    request = find_request(user=user, request_id=request_id)
    files = own_files(user, attachment_ids)
    if request.author_id == user.pk:
        return ask(request=request, text=text, files=files)
    return answer(staff=user, request=request, text=text, files=files)


@transaction.atomic
def ask(*, request: SupportRequest, text: str, files: Sequence[MediaFile] = ()) -> SupportMessage:
    """The author writes: a closed request is open again, any other has something unread."""
    request = lock_request(request)
    recent = SupportMessage.objects.filter(
        request=request, kind=Kind.QUESTION, created_at__gt=timezone.now() - timedelta(hours=1)
    )
    if recent.count() >= QUESTIONS_PER_HOUR:
        raise TooManyRequests("Too many messages in this request", retry_after=3600)
    message = _add(request, Kind.QUESTION, request.author, text, files)
    if request.status == Status.CLOSED:
        request.move(Status.OPEN)
    elif request.status == Status.READ:
        request.move(Status.UNREAD)
    return message


@transaction.atomic
def answer(*, staff: User, request: SupportRequest, text: str, files: Sequence[MediaFile] = ()) -> SupportMessage:
    """Staff answer: the request is read, and its author is told by mail. The first answer's time is kept."""
    request = lock_request(request)
    if request.status == Status.CLOSED:
        raise DomainError("request_closed", "This request is closed; open it again to answer.")
    message = _add(request, Kind.ANSWER, staff, text, files)
    if request.first_response_at is None:
        SupportRequest.objects.filter(pk=request.pk).update(first_response_at=message.created_at)
    before = request.status
    if request.status != Status.READ:
        request.move(Status.READ)
    record(
        "support_answered", actor=staff, subject=request.author, request_id=request.pk, message_id=message.pk,
        before=label(before), after=label(request.status),
    )  # fmt: skip
    enqueue(mail_answered, request.pk)
    announce(request)
    return message


@transaction.atomic
def add_note(*, staff: User, request: SupportRequest, text: str) -> SupportMessage:
    """Something for staff alone; it changes nothing else."""
    note = SupportMessage.objects.create(request=request, kind=Kind.NOTE, author=staff, text=text)
    record("support_noted", actor=staff, subject=request.author, request_id=request.pk, message_id=note.pk)
    return note


def _add(
    request: SupportRequest, kind: str, author: User | None, text: str, files: Sequence[MediaFile]
) -> SupportMessage:
    message = SupportMessage.objects.create(request=request, kind=kind, author=author, text=text)
    attach(message, files)
    SupportRequest.objects.filter(pk=request.pk).update(updated_at=message.created_at)
    return message
