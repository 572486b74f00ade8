"""What messaging's lists can be filtered, searched and ordered by."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet

from config.api.filters import DateTime, Int, ListSpec, Str
from config.platform.words import Words, beginnings, with_words


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
    order: ClassVar = ("id",)
    default_order: ClassVar = "id:desc"
    feed: ClassVar = ("id",)
    count_ttl: ClassVar = 60
    exact_below: ClassVar = 1000

    @classmethod
    def apply_search(cls, queryset: QuerySet[Any, Any], text: str) -> QuerySet[Any, Any]:
        """Every word begins a word of the message, in any case."""
        return with_words(queryset, Words("text"), beginnings(text))


class BlockList(ListSpec):
    search: ClassVar = ("blocked__name",)
    order: ClassVar = ("id",)
    default_order: ClassVar = "id:desc"
    feed: ClassVar = ("id",)
