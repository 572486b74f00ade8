"""Messages: send, list, follow, hide."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from accounts.models import User
from config.api.errors import DomainError, NotFound, ValidationFailed
from config.platform.background import enqueue
from messaging.models import ChatMember, HiddenMessage, Message
from messaging.services.blocks import refuse_blocked
from messaging.services.chats import unread_of
from messaging.services.live import announce_message
from messaging.services.locks import lock_chat, lock_inbox
from messaging.services.notices import mail_unread
from studio.models import MediaFile, Video
from studio.services.files.store import find_file
from studio.services.videos.library import find_video

UPDATES_PER_POLL = 100


@dataclass(frozen=True)
class Attachment:
    """At most one of the two; both belong to the author."""

    file: MediaFile | None = None
    video: Video | None = None

    def __bool__(self) -> bool:
        return self.file is not None or self.video is not None


@dataclass(frozen=True)
class Updates:
    """What came since a poll. ``after`` is what to send with the next one; ``more``: ask again at once; ``read``:
    chat -> key up to which the user has read it."""

    messages: QuerySet[Message, Message]
    read: dict[int, int]
    after: int
    more: bool
    unread: int


def own_attachment(*, user: User, kind: str, attachment_id: int | None) -> Attachment:
    """The user's own file or video. Raises NotFound or Forbidden for anybody else's, in the tenant's scope."""
    if attachment_id is None:
        return Attachment()
    if kind == "video":
        return Attachment(video=find_video(user=user, video_id=attachment_id))
    file = find_file(user=user, file_id=attachment_id)
    if file.status != MediaFile.Status.READY:
        raise ValidationFailed({"attachmentId": ["This file is not uploaded yet."]})
    return Attachment(file=file)


@transaction.atomic
def send_message(*, user: User, chat_id: int, text: str, attachment: Attachment) -> Message:
    """Add a message to a chat of the user. Who answers has read what came before."""
    if not text and not attachment:
        raise ValidationFailed({"message": ["The message field is required."]})
    chat = lock_chat(user=user, chat_id=chat_id)
    recipient_id = chat.other(user.pk)
    if not User.objects.filter(pk=recipient_id, is_active=True).exists():
        raise DomainError("recipient_inactive", "This user's account is closed.")
    refuse_blocked(user.pk, recipient_id)
    lock_inbox(recipient_id)
    message = Message.objects.create(
        chat=chat, author=user, recipient_id=recipient_id, text=text, file=attachment.file, video=attachment.video
    )
    newest = {"last_message": message, "active_at": message.created_at}
    members = ChatMember.objects.filter(chat=chat)
    members.filter(user=user).update(**newest, unread=0, read_up_to=message.pk)
    members.filter(user=recipient_id).update(**newest, unread=F("unread") + 1, peer_read_up_to=message.pk)
    enqueue(mail_unread, recipient_id)
    announce_message(message)
    return message


def history(member: ChatMember) -> QuerySet[Message, Message]:
    """All messages of a chat that the member has not hidden, unordered."""
    return _visible(Message.objects.filter(chat=member.chat_id), member.user_id)


def updates(*, user: User, after: int | None) -> Updates:
    """Messages to the user with keys above ``after``, oldest first; without it, only where to begin."""
    inbox = Message.objects.filter(recipient=user)
    unread = ChatMember.objects.filter(user=user, unread__gt=0).aggregate(sum=Sum("unread"))["sum"] or 0
    if after is None:
        newest = inbox.order_by("-id").values_list("pk", flat=True).first() or 0
        return Updates(messages=Message.objects.none(), read={}, after=newest, more=False, unread=unread)
    keys = list(inbox.filter(pk__gt=after).order_by("id").values_list("pk", flat=True)[: UPDATES_PER_POLL + 1])
    more = len(keys) > UPDATES_PER_POLL
    keys = keys[:UPDATES_PER_POLL]
    found = _visible(Message.objects.filter(pk__in=keys), user.pk).order_by("id")
    chats = Message.objects.filter(pk__in=keys).values("chat")
    read = dict(ChatMember.objects.filter(user=user, chat__in=chats).values_list("chat_id", "read_up_to"))
    return Updates(messages=found, read=read, after=keys[-1] if keys else after, more=more, unread=unread)


@transaction.atomic
def hide_message(*, user: User, message_id: int) -> None:
    """Never show a message to the user again. The other one keeps it; doing it twice changes nothing."""
    message = Message.objects.filter(pk=message_id).first()
    if message is None or user.pk not in (message.author_id, message.recipient_id):
        raise NotFound("Message not found")
    chat = lock_chat(user=user, chat_id=message.chat_id)
    HiddenMessage.objects.bulk_create([HiddenMessage(message=message, user=user)], ignore_conflicts=True)
    member = ChatMember.objects.get(chat=chat, user=user)
    member.last_message = history(member).order_by("-id").first()
    member.unread = unread_of(member)
    member.save(update_fields=["last_message", "unread"])


def _visible(messages: QuerySet[Message, Message], user_id: int) -> QuerySet[Message, Message]:
    return messages.exclude(Exists(HiddenMessage.objects.filter(message=OuterRef("pk"), user=user_id)))
