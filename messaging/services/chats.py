"""Chats: open, find, read."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from config.api.errors import NotFound, ValidationFailed
from messaging.models import Block, Chat, ChatMember, HiddenMessage, Message
from messaging.services.blocks import refuse_blocked
from messaging.services.live import announce_read
from messaging.services.locks import lock_chat
from messaging.services.presence import online


def find_person(user_id: int) -> User:
    """Whom one may write to."""
    person = User.objects.filter(pk=user_id, is_active=True).first()
    if person is None:
        raise NotFound("User not found")
    return person


@transaction.atomic
def open_chat(*, user: User, recipient_id: int) -> Chat:
    """The chat of the two, made when there is none; whoever comes at the same time gets the same one."""
    if recipient_id == user.pk:
        raise ValidationFailed({"recipientUserId": ["You can't chat with yourself."]})
    recipient = find_person(recipient_id)
    if chat := chat_between(user, recipient.pk):
        return chat
    refuse_blocked(user.pk, recipient.pk)
    first, second = sorted((user, recipient), key=lambda person: person.pk)
    # Waits for another transaction that makes the same chat, and then does nothing.
    Chat.objects.bulk_create([Chat(first=first, second=second)], ignore_conflicts=True)
    chat = Chat.objects.get(first=first, second=second)
    members = [ChatMember(chat=chat, user=first, peer=second), ChatMember(chat=chat, user=second, peer=first)]
    ChatMember.objects.bulk_create(members, ignore_conflicts=True)
    return chat


def chat_between(user: User, other_id: int) -> Chat | None:
    first, second = sorted((user.pk, other_id))
    return Chat.objects.filter(first=first, second=second).first()


def find_member(*, user: User, chat_id: int) -> ChatMember:
    """A chat as the user sees it. To anybody who is not in it, it does not exist."""
    member = ChatMember.objects.filter(user=user, chat=chat_id).first()
    if member is None:
        raise NotFound("Chat not found")
    return member


def overview(user: User) -> QuerySet[ChatMember, ChatMember]:
    """The user's chats with what a list shows of the other one: ``online``, and ``blocked`` by the user."""
    blocked = Exists(Block.objects.filter(user=user, blocked=OuterRef("peer")))
    return ChatMember.objects.filter(user=user).annotate(online=online("peer"), blocked=blocked)


@transaction.atomic
def mark_read(*, user: User, chat_id: int, up_to: int | None = None) -> ChatMember:
    """Read all messages up to one (the newest unless named), for good: reading an older one later changes nothing.

    up_to: key of a message of this chat.
    """
    chat = lock_chat(user=user, chat_id=chat_id)
    member = ChatMember.objects.get(chat=chat, user=user)
    messages = Message.objects.filter(chat=chat)
    if up_to is not None and not messages.filter(pk=up_to).exists():
        raise NotFound("Message not found")
    newest = up_to or messages.values_list("pk", flat=True).first() or 0
    if newest > member.read_up_to:
        member.read_up_to = newest
        member.unread = unread_of(member)
        member.save(update_fields=["read_up_to", "unread"])
        ChatMember.objects.filter(chat=chat, user=chat.other(user.pk)).update(peer_read_up_to=newest)
        announce_read(member)
    return member


def unread_of(member: ChatMember) -> int:
    """Counted anew: what came after the last read message, less what is hidden."""
    hidden = HiddenMessage.objects.filter(user=member.user_id).values("message")
    newer = Q(chat=member.chat_id, recipient=member.user_id, pk__gt=member.read_up_to)
    return Message.objects.filter(newer).exclude(pk__in=hidden).count()
