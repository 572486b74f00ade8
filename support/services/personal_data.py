"""What support holds of a user: shown in an export, and gone with the account."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.data_holders import Holder, Section
from accounts.models import User
from support.models import SupportMessage, SupportRequest
from support.services.threads import thread


def shown_rows(user: User) -> Iterator[Section]:
    """The user's requests with their talks, as the user sees them: staff have no names, and notes are not shown."""
    yield "support.requests", (_row(request) for request in _requests_of(user).order_by("pk").iterator(chunk_size=100))


def erase_requests(user: User) -> None:
    """Empty the user's requests and close them. What staff wrote in them is about the user, and goes as well."""
    requests = _requests_of(user)
    messages = SupportMessage.objects.filter(request__in=requests)
    SupportMessage.files.through.objects.filter(supportmessage__in=messages).delete()
    messages.update(text="")
    closed = SupportRequest.Status.CLOSED
    # The query is by address, which this takes away: so it comes last.
    now = timezone.now()
    closing = {"status": closed, "closed_at": Coalesce("closed_at", now), "updated_at": now}
    requests.update(login="", email="", video=None, **closing)


def _requests_of(user: User) -> QuerySet[SupportRequest, SupportRequest]:
    """Those filed by the user and, if the address is proven, those filed under it without a login."""
    mine = Q(author=user)
    if user.email_verified_at is not None:
        mine |= Q(author=None, email=user.email)
    return SupportRequest.objects.filter(mine)


def _row(request: SupportRequest) -> dict[str, object]:
    messages = thread(request).order_by("pk").prefetch_related("files")
    return {
        "id": request.pk,
        "name": request.login,
        "email": request.email,
        "subject": request.get_subject_display(),
        "status": request.get_status_display(),
        "order": request.order_id,
        "video": request.video_id,
        "created_at": request.created_at,
        "messages": [
            {
                "from": "staff" if message.kind == SupportMessage.Kind.ANSWER else "me",
                "text": message.text,
                "files": [file.original_filename for file in message.files.all()],
                "created_at": message.created_at,
            }
            for message in messages
        ],
    }


HOLDER = Holder(rows=shown_rows, erase=erase_requests)
