"""The one address of messaging's locks: a chat first, then one inbox."""

from __future__ import annotations

from django.db import connection
from django.db.models import Q

from accounts.models import User
from config.api.errors import NotFound
from messaging.models import Chat


def lock_chat(*, user: User, chat_id: int) -> Chat:
    """The user's chat, with nobody else writing, reading or hiding in it until the transaction ends."""
    mine = Q(first=user) | Q(second=user)
    chat = Chat.objects.filter(mine, pk=chat_id).select_for_update().first()
    if chat is None:
        raise NotFound("Chat not found")
    return chat


def lock_inbox(user_id: int) -> None:
    """Messages to one recipient are committed in the order of their keys, so that polling by key misses none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"inbox:{user_id}"])
