"""Shapes of messaging's requests and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from rest_framework import serializers

from commerce.serializers import IdField
from config.api.errors import refuse
from config.api.serializers import ThoroughSerializer
from config.api.texts import WrittenText
from messaging.models import MAX_TEXT_LENGTH


class NewChatSerializer(serializers.Serializer[Any]):
    recipientUserId = IdField()


class NewMessageSerializer(ThoroughSerializer):
    chatId = IdField()
    message = WrittenText(max_length=MAX_TEXT_LENGTH, required=False, allow_blank=True, allow_null=True)
    attachmentId = IdField(required=False, allow_null=True)
    attachmentType = serializers.ChoiceField(
        choices=("file", "video"), default="file", help_text="What attachmentId names."
    )

    def rules(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        if not values.get("message") and values.get("attachmentId") is None:
            yield partial(refuse, "message", "The message field is required.")


class ReadSerializer(serializers.Serializer[Any]):
    messageId = IdField(
        required=False, allow_null=True, default=None, help_text="Read up to here; the newest unless sent."
    )


class ChatRecipientSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    login = serializers.CharField()
    online = serializers.BooleanField()


class MessageAuthorSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    login = serializers.CharField()


class MessageAttachmentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    type = serializers.CharField(help_text="file or video")
    name = serializers.CharField()
    mimeType = serializers.CharField(allow_null=True)
    size = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    url = serializers.CharField(allow_null=True, help_text="A signed link that expires.")


class MessageSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    chatId = serializers.IntegerField()
    message = serializers.CharField()
    attachment = MessageAttachmentSerializer(allow_null=True)
    authorUser = MessageAuthorSerializer()
    createdAt = serializers.DateTimeField()
    read = serializers.BooleanField(help_text="By the one to whom it was sent.")


class ChatSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(allow_null=True, help_text="Null, and nothing else: no chat yet.")
    recipientUser = ChatRecipientSerializer(required=False)
    lastMessage = MessageSerializer(allow_null=True, required=False)
    unreadCount = serializers.IntegerField(required=False)
    blocked = serializers.BooleanField(required=False, help_text="By the caller.")
    updatedAt = serializers.DateTimeField(required=False)


class UpdatesSerializer(serializers.Serializer[Any]):
    items = MessageSerializer(many=True)
    after = serializers.IntegerField(help_text="What to send with the next poll.")
    more = serializers.BooleanField(help_text="Poll again at once.")
    unreadCount = serializers.IntegerField(help_text="Over all chats.")


class BlockedUserSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    login = serializers.CharField()
    blockedAt = serializers.DateTimeField()
