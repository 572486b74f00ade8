"""The verbs of messaging."""

from messaging.services.blocks import block, unblock
from messaging.services.chats import chat_between, find_member, find_person, mark_read, open_chat, overview
from messaging.services.messages import hide_message, history, own_attachment, send_message, updates

__all__ = [
    "block",
    "chat_between",
    "find_member",
    "find_person",
    "hide_message",
    "history",
    "mark_read",
    "open_chat",
    "overview",
    "own_attachment",
    "send_message",
    "unblock",
    "updates",
]
