"""Requests: file, find, change their status, assign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from email.utils import parseaddr
from typing import TypedDict

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User, normalise_email
from accounts.services.audit import record
from commerce.services.orders import find_order
from config.api.errors import DomainError, Forbidden, NotFound, TooManyRequests, ValidationFailed
from config.platform.background import enqueue
from config.platform.events import publish
from studio.models import MediaFile
from studio.services.files.store import find_file
from studio.services.videos.library import find_video
from support.models import SupportMessage, SupportRequest
from support.services.notices import mail_filed

Status = SupportRequest.Status
SUPPORT = "support.change_supportrequest"
"""The permission of whoever answers."""


class About(TypedDict, total=False):
    """What a request is about, if anything."""

    order_id: int | None
    video_id: int | None


ANONYMOUS_PER_HOUR = 5
"""Requests by one address without a login: a mail robot that answers our confirmations stops here."""


def file_request(
    *, user: User, text: str, subject: int, about: About, attachment_ids: Sequence[int] = ()
) -> SupportRequest:
    """A request of a user, under their own name and address.

    about: ``order_id``, ``video_id`` or neither; what is named has to be the user's. Call it in the tenant's scope.
    """
    files = own_files(user, attachment_ids)
    references: dict[str, object] = {}
    if order_id := about.get("order_id"):
        references["order"] = find_order(user=user, order_id=order_id)
    if video_id := about.get("video_id"):
        references["video"] = find_video(user=user, video_id=video_id)
    return _file(
        SupportRequest(author=user, login=user.name, email=user.email, subject=subject, **references), text, files
    )


def file_anonymous_request(*, text: str, subject: int, login: str, email: str) -> SupportRequest:
    """A request by somebody who only gives an address; the link to follow it is mailed there."""
    email = normalise_email(email)
    if email in _own_addresses():
        raise ValidationFailed({"email": ["This is our own address."]})
    recent = SupportRequest.objects.filter(email=email, author=None, created_at__gt=timezone.now() - timedelta(hours=1))
    if recent.count() >= ANONYMOUS_PER_HOUR:
        raise TooManyRequests("Too many requests by this address; answer in one of them", retry_after=3600)
    return _file(SupportRequest(login=login, email=email, subject=subject), text, [])


def find_request(*, user: User, request_id: int) -> SupportRequest:
    """A request for its author or staff; for anybody else it does not exist."""
    found = SupportRequest.objects.filter(pk=request_id).first()
    if found is None or not (found.author_id == user.pk or may_support(user)):
        raise NotFound("Support request not found")
    return found


def requests_of(user: User) -> QuerySet[SupportRequest, SupportRequest]:
    return SupportRequest.objects.filter(author=user)


@transaction.atomic
def set_status(*, user: User, request_id: int, status: int) -> SupportRequest:
    """Staff set any status that can follow; the author may only close. Closing what is closed is refused."""
    request = lock_request(find_request(user=user, request_id=request_id))
    if status != Status.CLOSED and not may_support(user):
        raise Forbidden("You may only close a request; write to it to open it again")
    if request.status == Status.CLOSED == status:
        raise DomainError("already_closed", "This request is closed already.")
    if status not in SupportRequest.TRANSITIONS[request.status]:
        raise DomainError(
            "invalid_transition",
            f"A request that is {request.get_status_display().lower()} can't become {Status(status).label.lower()}.",
        )
    before = request.status
    request.move(status)
    if user.pk != request.author_id:
        _record("support_status_changed", request, user, before=label(before), after=label(status))
    announce(request)
    return request


@transaction.atomic
def assign(*, request: SupportRequest, assignee: User | None, by: User | None = None) -> None:
    """Give a request to a member of the staff, or to nobody."""
    if assignee is not None and not may_support(assignee):
        raise ValidationFailed({"assignee": ["Only staff can be assigned."]})
    before = lock_request(request).assignee_id
    after = assignee.pk if assignee else None
    SupportRequest.objects.filter(pk=request.pk).update(assignee=assignee)
    request.assignee = assignee
    if before != after:
        _record("support_assigned", request, by, before=before, after=after)


def may_support(user: User) -> bool:
    """Whether somebody answers the requests of others."""
    return user.has_perm(SUPPORT)


def staff() -> QuerySet[User, User]:
    """Whom a request can be assigned to."""
    app, codename = SUPPORT.split(".")
    grouped = Group.objects.filter(permissions__codename=codename, permissions__content_type__app_label=app)
    members = User.groups.through.objects.filter(group__in=grouped).values_list("user")
    administrators = User.objects.filter(role__gte=User.Role.ADMINISTRATOR).order_by().values_list("pk")
    # Together first, each by its index: the staff are few, and users many.
    return User.objects.filter(pk__in=administrators.union(members), is_active=True).order_by("name")


def version_of(request: SupportRequest) -> str:
    """Changes with every message, assignment and change of status."""
    newest = SupportMessage.objects.filter(request=request).order_by("-id").values_list("pk", flat=True).first()
    return f"{newest or 0} {request.assignee_id or 0} {request.status}"


def lock_as_seen(request: SupportRequest, seen: str) -> SupportRequest:
    """Lock the request for whoever looked at it as ``version_of`` said. Raises DomainError ``changed_meanwhile`` (409)
    when others have written or decided since."""
    found = lock_request(request)
    if seen == version_of(found):
        return found
    newest = SupportMessage.objects.filter(request=found).select_related("author").order_by("-id").first()
    if newest is not None and seen.partition(" ")[0] != str(newest.pk):
        who = newest.author.name if newest.author else found.login or "The author"
        message = f"{who} has written meanwhile; read it first. Nothing was sent."
    else:
        who = found.assignee.name if found.assignee else "nobody"
        message = f"Meanwhile it is {label(found.status)} and assigned to {who}. Nothing was sent."
    raise DomainError("changed_meanwhile", message, 409)


def label(status: int) -> str:
    return str(Status(status).label).lower()


def announce(request: SupportRequest) -> None:
    """Tell the author's open clients that there is news."""
    if request.author_id:
        publish([request.author_id], "support", {"requestId": request.pk, "status": request.status})


def lock_request(request: SupportRequest) -> SupportRequest:
    """The request as it is now, with nobody else changing it until the transaction ends."""
    return SupportRequest.objects.select_for_update().get(pk=request.pk)


def own_files(user: User, file_ids: Sequence[int]) -> list[MediaFile]:
    """The user's own files. Raises NotFound or Forbidden for anybody else's, in the tenant's scope."""
    files = [find_file(user=user, file_id=file_id) for file_id in dict.fromkeys(file_ids)]
    if any(file.status != MediaFile.Status.READY for file in files):
        raise ValidationFailed({"attachmentIds": ["A file is not uploaded yet."]})
    return files


def attach(message: SupportMessage, files: Sequence[MediaFile]) -> None:
    """Give a new message its files."""
    if files:
        message.files.add(*files)


def _record(event: str, request: SupportRequest, by: User | None, **detail: object) -> None:
    record(event, actor=by, subject=request.author, request_id=request.pk, **detail)


@transaction.atomic
def _file(request: SupportRequest, text: str, files: list[MediaFile]) -> SupportRequest:
    request.save(force_insert=True)
    message = SupportMessage.objects.create(
        request=request, kind=SupportMessage.Kind.QUESTION, author=request.author, text=text
    )
    attach(message, files)
    enqueue(mail_filed, request.pk)
    return request


def _own_addresses() -> set[str]:
    ours = (settings.SUPPORT_EMAIL, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
    return {normalise_email(address) for address in ours if address}
