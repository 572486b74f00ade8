"""What the API says of support requests, in document A's words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict

from rest_framework import serializers

from config.platform.columns import Columns
from config.platform.links import public_url
from studio.models import MediaFile
from studio.services.files.store import file_url
from support.models import SupportMessage, SupportRequest

REQUEST_COLUMNS = (
    "id", "author_id", "login", "email", "subject", "status", "order_id", "video_id", "created_at", "updated_at",
)  # fmt: skip


class SupportLabelRow(TypedDict):
    id: int
    label: str


class SupportRequestRow(TypedDict):
    id: int
    authorId: int | None
    login: str
    email: Annotated[str, serializers.EmailField]
    subject: SupportLabelRow
    status: SupportLabelRow
    order_id: int | None
    videoId: int | None
    createdAt: datetime
    updatedAt: datetime


def request_row(row: Columns) -> SupportRequestRow:
    """One ``values()`` row of ``REQUEST_COLUMNS``."""
    return {
        "id": row["id"],
        "authorId": row["author_id"],
        "login": row["login"],
        "email": row["email"],
        "subject": {"id": row["subject"], "label": SupportRequest.Subject(row["subject"]).label},
        "status": {"id": row["status"], "label": SupportRequest.Status(row["status"]).label},
        "order_id": row["order_id"],
        "videoId": row["video_id"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


class SupportPersonRow(TypedDict):
    id: Annotated[int | None, "Null: not logged in."]
    login: str


class StaffSupportRequestRow(SupportRequestRow):
    assignee: SupportPersonRow | None
    firstResponseSeconds: float | None


def staff_request_row(row: Columns) -> StaffSupportRequestRow:
    """The same for staff: ``assignee_id``, ``assignee__name`` and ``first_response_at`` are there as well."""
    waited = row["first_response_at"] - row["created_at"] if row["first_response_at"] else None
    return {
        **request_row(row),
        "assignee": {"id": row["assignee_id"], "login": row["assignee__name"]} if row["assignee_id"] else None,
        "firstResponseSeconds": waited.total_seconds() if waited else None,
    }


def request_answer(request: SupportRequest) -> SupportRequestRow:
    return request_row({name: getattr(request, name) for name in REQUEST_COLUMNS})


class SupportAttachmentRow(TypedDict):
    id: int
    name: str
    mimeType: str
    size: Annotated[int, "Bytes."]
    url: Annotated[str, "A signed link that expires."]


class SupportMessageRow(TypedDict):
    id: int
    supportRequestId: int
    text: str
    fromStaff: bool
    author: SupportPersonRow
    attachments: list[SupportAttachmentRow]
    createdAt: datetime


def message_row(message: SupportMessage) -> SupportMessageRow:
    """``author``, ``request`` and ``files`` are loaded."""
    author = message.author
    return {
        "id": message.pk,
        "supportRequestId": message.request_id,
        "text": message.text,
        "fromStaff": message.kind == SupportMessage.Kind.ANSWER,
        "author": {"id": author.pk, "login": author.name} if author else {"id": None, "login": message.request.login},
        "attachments": [_attachment(file) for file in message.files.all()],
        "createdAt": message.created_at,
    }


def _attachment(file: MediaFile) -> SupportAttachmentRow:
    return {
        "id": file.pk,
        "name": file.original_filename,
        "mimeType": file.mime_type,
        "size": file.size,
        "url": public_url(file_url(file)),
    }
