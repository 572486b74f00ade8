"""What open clients hear at once."""

from __future__ import annotations

from config.platform.events import publish
from messaging.models import ChatMember, Message
from messaging.rows import MESSAGE_COLUMNS, message_row
from tenants.scope import all_tenants


def announce_message(message: Message) -> None:
    """Show a new message to both sides: the author may have other devices."""
    # Both may have the attachment, whosever tenant it is of.
    with all_tenants():
        row = Message.objects.values(*MESSAGE_COLUMNS).get(pk=message.pk)
    publish([message.author_id, message.recipient_id], "message", message_row(row, {message.author_id: 0}))


def announce_read(member: ChatMember) -> None:
    """Show both sides how far a member has read."""
    data = {"chatId": member.chat_id, "userId": member.user_id, "messageId": member.read_up_to, "unread": member.unread}
    publish([member.user_id, member.peer_id], "read", data)
