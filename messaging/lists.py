"""What messaging's lists can be filtered, searched and ordered by."""

from __future__ import annotations

from typing import ClassVar

from config.api.filters import DateTime, Int, ListSpec, Str


class ChatList(ListSpec):
    filters: ClassVar = {"unread": Int(), "login": Str("peer__name"), "updated_at": DateTime("active_at")}
    search: ClassVar = ("peer__name",)
    order: ClassVar = {"updated_at": "active_at"}
    default_order: ClassVar = "updated_at:desc"
    feed: ClassVar = ("updated_at",)
    count_ttl: ClassVar = 60
    exact_below: ClassVar = 1000


class MessageList(ListSpec):
    filters: ClassVar = {"author_id": Int(), "created_at": DateTime()}
    search: ClassVar = ("text",)
    order: ClassVar = ("id",)
    default_order: ClassVar = "id:desc"
    feed: ClassVar = ("id",)
    count_ttl: ClassVar = 60
    exact_below: ClassVar = 1000


class BlockList(ListSpec):
    search: ClassVar = ("blocked__name",)
    order: ClassVar = ("id",)
    default_order: ClassVar = "id:desc"
    feed: ClassVar = ("id",)
