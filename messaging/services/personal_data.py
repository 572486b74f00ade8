"""What messaging holds of a user: shown in an export, and gone with the account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from accounts.data_holders import Holder, Section
from accounts.models import User
from config.platform import events
from messaging.models import Block, ChatMember, HiddenMessage, Message


def shown_rows(user: User) -> Iterator[Section]:
    """The user's chats with all that both wrote, and whom the user blocks; who blocks the user is not told."""
    chats = ChatMember.objects.filter(user=user).order_by("pk")
    names = {"id": "chat_id", "with": "peer__name", "started_at": "chat__created_at"}
    yield "messaging.chats", _renamed(chats.values_list(*names.values()), names)
    yield "messaging.messages", _messages(user)
    names = {"name": "blocked__name", "since": "created_at"}
    yield "messaging.blocked", _renamed(Block.objects.filter(user=user).values_list(*names.values()), names)


def erase_messages(user: User) -> None:
    """Empty what the user wrote. The other one keeps the own words, in a talk with nobody."""
    Message.objects.filter(author=user).update(text="", file=None, video=None)
    # Nobody is told any more that there is something to read.
    ChatMember.objects.filter(Q(user=user) | Q(peer=user)).update(unread=0)
    HiddenMessage.objects.filter(user=user).delete()
    Block.objects.filter(Q(user=user) | Q(blocked=user)).delete()


def sweep_events(user: User) -> None:
    """Remove what the user wrote from the events of those who could still be sent it."""
    recent = timezone.now() - timedelta(seconds=events.KEPT_SECONDS)
    chats = ChatMember.objects.filter(user=user, active_at__gt=recent)
    events.forget([user.pk, *chats.values_list("peer_id", flat=True)])


def _messages(user: User) -> Iterator[dict[str, object]]:
    columns = ("chat_id", "author_id", "text", "file__original_filename", "video__title", "created_at")
    found = Message.objects.filter(Q(author=user) | Q(recipient=user)).order_by("pk").values_list(*columns)
    for chat, author, text, file, video, created_at in found.iterator(chunk_size=500):
        yield {
            "chat": chat,
            "from_me": author == user.pk,
            "text": text,
            "attachment": video if file is None else file,
            "created_at": created_at,
        }


def _renamed(rows: QuerySet[Model, tuple[object, ...]], names: dict[str, str]) -> Iterator[dict[str, object]]:
    return (dict(zip(names, row, strict=True)) for row in rows.iterator(chunk_size=500))


HOLDER = Holder(rows=shown_rows, erase=erase_messages, sweep=sweep_events)
