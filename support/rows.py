"""What the API says of support requests, in document A's words."""

from __future__ import annotations

from typing import Any

from config.links import public_url
from studio.models import MediaFile
from studio.services.files import file_url
from support.models import SupportMessage, SupportRequest

REQUEST_COLUMNS = (
    "id", "author_id", "login", "email", "subject", "status", "order_id", "video_id", "created_at", "updated_at",
)  # fmt: skip


def request_row(row: dict[str, Any]) -> dict[str, Any]:
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


def staff_request_row(row: dict[str, Any]) -> dict[str, Any]:
    """The same for staff: ``assignee_id``, ``assignee__name`` and ``first_response_at`` are there as well."""
    waited = row["first_response_at"] - row["created_at"] if row["first_response_at"] else None
    assignee = {"id": row["assignee_id"], "login": row["assignee__name"]} if row["assignee_id"] else None
    return {
        **request_row(row),
        "assignee": assignee,
        "firstResponseSeconds": waited.total_seconds() if waited else None,
    }


def request_answer(request: SupportRequest) -> dict[str, Any]:
    return request_row({name: getattr(request, name) for name in REQUEST_COLUMNS})


def message_row(message: SupportMessage) -> dict[str, Any]:
    """``author``, ``request`` and ``files`` are loaded."""
    author = {"id": message.author_id, "login": message.author.name} if message.author else None
    return {
        "id": message.pk,
        "supportRequestId": message.request_id,
        "text": message.text,
        "fromStaff": message.kind == SupportMessage.Kind.ANSWER,
        "author": author or {"id": None, "login": message.request.login},
        "attachments": [_attachment(file) for file in message.files.all()],
        "createdAt": message.created_at,
    }


def _attachment(file: MediaFile) -> dict[str, Any]:
    return {
        "id": file.pk,
        "name": file.original_filename,
        "mimeType": file.mime_type,
        "size": file.size,
        "url": public_url(file_url(file)),
    }
