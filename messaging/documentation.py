"""The operations of chats in words."""

from __future__ import annotations

from config.api.documentation import Operation

TAGS = {"Chats": "Messages between two people. To anybody who is not in a chat, it does not exist."}

OPERATIONS = [
    Operation(
        "GET /api/chats/get-chats-by-current-user",
        "Chats",
        "List the own chats",
        "The one with the newest message first, with how many are unread.",
    ),
    Operation("GET /api/chats/{chat_id}", "Chats", "Get a chat", "One of your own, with its last message."),
    Operation(
        "GET /api/chats/get-chat-by-user-id/{user_id}",
        "Chats",
        "Get the chat with somebody",
        "`id` is null while there is none.",
    ),
    Operation(
        "POST /api/chats",
        "Chats",
        "Begin a chat",
        "With somebody you have a chat with already, it is the same one.",
        codes="not_found blocked",
    ),
    Operation(
        "POST /api/chats/{chat_id}/read",
        "Chats",
        "Mark a chat as read",
        "Up to a message, or all of it. The other one sees it at their messages.",
        request={"messageId": 42},
    ),
    Operation(
        "GET /api/messages/get-messages-by-chat-id/{chat_id}",
        "Chats",
        "List a chat's messages",
        "The newest first. Listing them does not mark them as read.",
    ),
    Operation(
        "GET /api/messages/updates",
        "Chats",
        "Get new messages",
        "What others wrote since the last time, over all chats, oldest first. Send `after` of this answer next time, "
        "at once if `more` says so.",
    ),
    Operation(
        "POST /api/messages",
        "Chats",
        "Write a message",
        "A text, one of your own files or videos, or both.",
        codes="not_found not_owner blocked recipient_inactive file_not_uploaded file_rejected media_busy",
        request={"message": "Shall we use the second take?"},
    ),
    Operation(
        "DELETE /api/messages/{message_id}",
        "Chats",
        "Hide a message",
        "From yourself alone; the other one still has it.",
    ),
    Operation("GET /api/blocked-users", "Chats", "List blocked users", "Whom you have blocked."),
    Operation(
        "POST /api/blocked-users/{user_id}",
        "Chats",
        "Block a user",
        "Neither can write to the other any more. Harmless if you have done so already.",
    ),
    Operation("DELETE /api/blocked-users/{user_id}", "Chats", "Unblock a user", "Harmless if they are not blocked."),
]

EXAMPLES: dict[str, object] = {
    "Message.message": "Shall we use the second take?",
    "MessageAttachment.name": "clip.mp4",
    "MessageAttachment.type": "file",
    "unreadCount": 1,
    "online": True,
    "after": 42,
    "NewChatRequest.recipientUserId": 43,
}
