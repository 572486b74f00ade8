"""What the API says of chats and messages, in document A's words. Rows come from ``values()``."""

from __future__ import annotations

from typing import Any

from config.links import public_url
from studio.models import MediaFile
from studio.services.files import file_url

MESSAGE_COLUMNS = (
    "id", "chat_id", "text", "author_id", "author__name", "created_at",
    "file_id", "file__kind", "file__original_filename", "file__mime_type", "file__size", "file__storage_key",
    "video_id", "video__title", "video__deleted_at", "video__output_id", "video__output__kind",
    "video__output__mime_type", "video__output__size", "video__output__storage_key",
)  # fmt: skip
CHAT_COLUMNS = (
    "id", "chat_id", "active_at", "unread", "read_up_to", "peer_read_up_to", "user_id", "peer_id", "peer__name",
    "online", "blocked", *(f"last_message__{name}" for name in MESSAGE_COLUMNS),
)  # fmt: skip
"""``online`` and ``blocked`` are annotations."""


def chat_row(row: dict[str, Any]) -> dict[str, Any]:
    last = {name: row[f"last_message__{name}"] for name in MESSAGE_COLUMNS}
    receipts = {row["user_id"]: row["peer_read_up_to"], row["peer_id"]: row["read_up_to"]}
    return {
        "id": row["chat_id"],
        "recipientUser": {"id": row["peer_id"], "login": row["peer__name"], "online": row["online"]},
        "lastMessage": message_row(last, receipts) if last["id"] else None,
        "unreadCount": row["unread"],
        "blocked": row["blocked"],
        "updatedAt": row["active_at"],
    }


def message_row(row: dict[str, Any], receipts: dict[int, int]) -> dict[str, Any]:
    """receipts: author -> key of their newest message that the other one has read."""
    return {
        "id": row["id"],
        "chatId": row["chat_id"],
        "message": row["text"],
        "attachment": _attachment(row),
        "authorUser": {"id": row["author_id"], "login": row["author__name"]},
        "createdAt": row["created_at"],
        "read": row["id"] <= receipts[row["author_id"]],
    }


def _attachment(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["file_id"]:
        name = row["file__original_filename"]
        return {"id": row["file_id"], "type": "file", "name": name, **_content(row, "file")}
    if row["video_id"] and row["video__deleted_at"] is None:
        name = row["video__title"] or f"video {row['video_id']}"
        return {"id": row["video_id"], "type": "video", "name": name, **_content(row, "video__output")}
    return None


def _content(row: dict[str, Any], path: str) -> dict[str, Any]:
    """Where the content is, under a signed link; nulls for a video that is not rendered yet."""
    if row[f"{path}_id"] is None:
        return {"mimeType": None, "size": None, "url": None}
    file = MediaFile(pk=row[f"{path}_id"], kind=row[f"{path}__kind"], storage_key=row[f"{path}__storage_key"])
    return {"mimeType": row[f"{path}__mime_type"], "size": row[f"{path}__size"], "url": public_url(file_url(file))}
