"""Shapes of support's requests and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from rest_framework import serializers

from commerce.serializers import IdField
from config.api.errors import refuse
from config.api.serializers import ThoroughSerializer, Values
from config.api.texts import WrittenText
from support.models import MAX_TEXT_LENGTH, SupportRequest

MAX_ATTACHMENTS = 5


class AttachmentIdsField(serializers.ListField):
    def __init__(self, **kwargs: object) -> None:
        super().__init__(**{"child": IdField(), "max_length": MAX_ATTACHMENTS, "required": False, **kwargs})


class NewRequestSerializer(ThoroughSerializer):
    """Name and address count only without a login; order, video and attachments only with one."""

    text = WrittenText(max_length=MAX_TEXT_LENGTH)
    subject = serializers.ChoiceField(choices=SupportRequest.Subject.choices, default=SupportRequest.Subject.OTHER)
    login = serializers.CharField(max_length=255, required=False, allow_blank=True, allow_null=True)
    email = serializers.EmailField(max_length=255, required=False, allow_blank=True, allow_null=True)
    orderId = IdField(required=False, allow_null=True)
    videoId = IdField(required=False, allow_null=True)
    attachmentIds = AttachmentIdsField()

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if self.context["request"].user.is_authenticated:
            return
        for name in ("orderId", "videoId", "attachmentIds"):
            if values.get(name):
                yield partial(refuse, name, "Log in to name it.")
        if not values.get("email"):
            yield partial(refuse, "email", "The email field is required.")


class SupportSearchSerializer(serializers.Serializer):
    """Criteria; a page is asked for here or in the query, in the grammar of all lists."""

    id = serializers.IntegerField(required=False)
    statusId = serializers.ChoiceField(choices=SupportRequest.Status.choices, required=False)
    startDate = serializers.DateField(required=False)
    endDate = serializers.DateField(required=False, help_text="This day included.")
    page = serializers.IntegerField(required=False)
    perPage = serializers.IntegerField(required=False)
    order = serializers.CharField(required=False)
    cursor = serializers.CharField(required=False)


class StaffSupportSearchSerializer(SupportSearchSerializer):
    userId = serializers.IntegerField(required=False)
    assigneeId = serializers.IntegerField(required=False)
    search = serializers.CharField(required=False, help_text="In address and name.")


class SupportStatusSerializer(serializers.Serializer):
    requestId = IdField()
    requestStatusId = serializers.ChoiceField(choices=SupportRequest.Status.choices)


class NewSupportMessageSerializer(serializers.Serializer):
    supportRequestId = IdField()
    text = WrittenText(max_length=MAX_TEXT_LENGTH)
    attachmentIds = AttachmentIdsField()
