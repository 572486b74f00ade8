"""Shapes of messaging's requests and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from rest_framework import serializers

from commerce.serializers import IdField
from config.api.errors import refuse
from config.api.serializers import ThoroughSerializer, Values
from config.api.texts import WrittenText
from messaging.models import MAX_TEXT_LENGTH


class NewChatSerializer(serializers.Serializer):
    recipientUserId = IdField()


class NewMessageSerializer(ThoroughSerializer):
    chatId = IdField()
    message = WrittenText(max_length=MAX_TEXT_LENGTH, required=False, allow_blank=True, allow_null=True)
    attachmentId = IdField(required=False, allow_null=True)
    attachmentType = serializers.ChoiceField(
        choices=("file", "video"), default="file", help_text="What attachmentId names."
    )

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if not values.get("message") and values.get("attachmentId") is None:
            yield partial(refuse, "message", "The message field is required.")


class ReadSerializer(serializers.Serializer):
    messageId = IdField(
        required=False, allow_null=True, default=None, help_text="Read up to here; the newest unless sent."
    )
