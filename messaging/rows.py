"""What the API says of chats and messages, in document A's words. Rows come from ``values()``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired, TypedDict

from config.platform.columns import Columns
from config.platform.links import public_url
from studio.models import MediaFile
from studio.services.files.store import file_url

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


class ChatRecipientRow(TypedDict):
    id: int
    login: str
    online: bool


class MessageAuthorRow(TypedDict):
    id: int
    login: str


class MessageAttachmentRow(TypedDict):
    id: int
    type: Annotated[str, "file or video"]
    name: str
    mimeType: str | None
    size: Annotated[int | None, "Bytes."]
    url: Annotated[str | None, "A signed link that expires."]


class MessageRow(TypedDict):
    id: int
    chatId: int
    message: str
    attachment: MessageAttachmentRow | None
    authorUser: MessageAuthorRow
    createdAt: datetime
    read: Annotated[bool, "By the one to whom it was sent."]


class ChatRow(TypedDict):
    id: Annotated[int | None, "Null, and nothing else: no chat yet."]
    recipientUser: NotRequired[ChatRecipientRow]
    lastMessage: NotRequired[MessageRow | None]
    unreadCount: NotRequired[int]
    blocked: NotRequired[Annotated[bool, "By the caller."]]
    updatedAt: NotRequired[datetime]


def chat_row(row: Columns) -> ChatRow:
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


def message_row(row: Columns, receipts: dict[int, int]) -> MessageRow:
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


class UpdatesRow(TypedDict):
    items: list[MessageRow]
    after: Annotated[int, "What to send with the next poll."]
    more: Annotated[bool, "Poll again at once."]
    unreadCount: Annotated[int, "Over all chats."]


class BlockedUserRow(TypedDict):
    id: int
    login: str
    blockedAt: datetime


BLOCK_COLUMNS = ("id", "blocked_id", "blocked__name", "created_at")


def blocked_row(row: Columns) -> BlockedUserRow:
    return {"id": row["blocked_id"], "login": row["blocked__name"], "blockedAt": row["created_at"]}


def _attachment(row: Columns) -> MessageAttachmentRow | None:
    if row["file_id"]:
        return _content(row, "file", row["file__original_filename"])
    if row["video_id"] and row["video__deleted_at"] is None:
        return _content(row, "video", row["video__title"] or f"video {row['video_id']}")
    return None


def _content(row: Columns, kind: str, name: str) -> MessageAttachmentRow:
    """Where the content is, under a signed link; nulls for a video that is not rendered yet."""
    path = {"file": "file", "video": "video__output"}[kind]
    pk = row[f"{path}_id"]
    file = MediaFile(pk=pk, kind=row[f"{path}__kind"], storage_key=row[f"{path}__storage_key"]) if pk else None
    return {
        "id": row[f"{kind}_id"],
        "type": kind,
        "name": name,
        "mimeType": row[f"{path}__mime_type"],
        "size": row[f"{path}__size"],
        "url": public_url(file_url(file)) if file else None,
    }
