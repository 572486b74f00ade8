"""Shapes of document B's requests and answers about videos, uploads and AI jobs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.errors import refuse
from config.api.idempotency import FIELD
from config.api.serializers import ThoroughSerializer
from effects.services import check_effect_id, check_payload
from studio.providers import ensure_available
from studio.rows.effects import JOB_WORDS, VIDEO_WORDS
from studio.serializers.renders import QueueFiguresSerializer
from studio.services.presigned import check_size, check_type

MAX_ID = 2**63 - 1
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class IdField(serializers.IntegerField):
    """The id of a row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": MAX_ID, **kwargs})


class LineField(serializers.CharField):
    """One line of text, free of control characters."""

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        if _CONTROL.search(text):
            raise serializers.ValidationError("The text contains control characters.")
        return text


@extend_schema_field(serializers.DictField())
class PayloadField(serializers.JSONField):
    """What a user sets of an effect's properties; the effect itself says what is allowed."""


class AnnounceSerializer(ThoroughSerializer):
    effect_id = IdField()
    mime_type = serializers.CharField(max_length=127)
    size = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    original_filename = LineField(max_length=512)
    file_hash = LineField(required=False, allow_null=True, allow_blank=True, max_length=255)

    def lookups(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        return _effect_rules(values)

    def rules(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        if "mime_type" in values:
            yield partial(check_type, values["mime_type"])
        if "size" in values:
            yield partial(check_size, values["size"])


class CreateVideoSerializer(ThoroughSerializer):
    effect_id = IdField()
    original_file_id = IdField()
    title = LineField(required=False, allow_null=True, allow_blank=True, max_length=255)
    input_payload = PayloadField(required=False, allow_null=True)

    def lookups(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        return _effect_rules(values)


class RenameVideoSerializer(serializers.Serializer[Any]):
    title = LineField(required=False, allow_blank=True, max_length=255)


class EstimateSerializer(ThoroughSerializer):
    """What to apply to what: as for a job, which needs a key and a priority besides."""

    effect_id = IdField()
    provider = serializers.CharField(required=False, allow_null=True, max_length=32)
    video_id = IdField(required=False, allow_null=True)
    input_file_id = IdField(required=False, allow_null=True)
    input_payload = PayloadField(required=False, allow_null=True)

    def lookups(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        return _effect_rules(values, replaces=values.get("video_id") is not None)

    def rules(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        if values.get("provider"):
            yield partial(ensure_available, values["provider"])


class SubmitJobSerializer(EstimateSerializer):
    idempotency_key = serializers.CharField(
        required=False, max_length=255, help_text="Required, unless it comes as the Idempotency-Key header."
    )
    priority = serializers.IntegerField(required=False, allow_null=True, min_value=-100, max_value=100)

    def rules(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        yield from super().rules(values)
        if self.context["request"].idempotency_key is None:
            yield partial(refuse, FIELD, "The idempotency key field is required.")


def _effect_rules(values: dict[str, Any], *, replaces: bool = False) -> Iterator[Callable[[], object]]:
    """replaces: without a payload an earlier one may hold, which the service knows."""
    if "effect_id" in values:
        yield partial(check_effect_id, values["effect_id"])
        payload = values.get("input_payload")
        if "input_payload" in values and not (payload is None and replaces):
            yield partial(check_payload, values["effect_id"], payload)


class EffectReferenceSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()


class AnnouncedFileSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    original_filename = serializers.CharField()
    mime_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    status = serializers.ChoiceField(choices=("pending_upload", "ready", "rejected"))


class PartSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    url = serializers.CharField()


class MultipartSerializer(serializers.Serializer[Any]):
    part_size = serializers.IntegerField(help_text="Bytes of every part but the last.")
    parts = PartSerializer(many=True)


class UploadTicketSerializer(serializers.Serializer[Any]):
    file = AnnouncedFileSerializer()
    upload_url = serializers.CharField(help_text="PUT the whole file here.")
    upload_headers = serializers.DictField(child=serializers.CharField())
    expires_in = serializers.IntegerField(help_text="Seconds.")
    multipart = MultipartSerializer(allow_null=True, help_text="Offered for large files in place of the one PUT.")


class FileSerializer(AnnouncedFileSerializer):
    kind = serializers.CharField()
    sha256 = serializers.CharField(allow_null=True)
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    fps = serializers.CharField(allow_null=True)
    frame_count = serializers.IntegerField(allow_null=True)
    duration = serializers.FloatField(allow_null=True, help_text="Seconds.")
    has_audio = serializers.BooleanField()
    notes = serializers.ListField(child=serializers.CharField(), help_text="What of the file is left out.")
    error = serializers.CharField(allow_null=True)
    url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class RenamedVideoSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=tuple(dict.fromkeys(VIDEO_WORDS.values())))
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CreatedVideoSerializer(RenamedVideoSerializer):
    effect_id = serializers.IntegerField()
    original_file_id = serializers.IntegerField(allow_null=True)


class PublishedVideoSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=tuple(dict.fromkeys(VIDEO_WORDS.values())))
    is_published = serializers.BooleanField()
    published_at = serializers.DateTimeField(allow_null=True)


class VideoSerializer(RenamedVideoSerializer):
    original_file_url = serializers.CharField(allow_null=True)
    processed_file_url = serializers.CharField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    effect = EffectReferenceSerializer(allow_null=True)
    type = serializers.CharField()
    input_payload = serializers.DictField()
    is_published = serializers.BooleanField()
    published_at = serializers.DateTimeField(allow_null=True)
    poster_url = serializers.CharField(allow_null=True)
    thumbnail_url = serializers.CharField(allow_null=True)
    sprite_url = serializers.CharField(allow_null=True)


class SubmittedJobSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    dispatch_id = serializers.CharField()
    effect_id = serializers.IntegerField(allow_null=True)
    video_id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=tuple(JOB_WORDS.values()))
    created_at = serializers.DateTimeField()


class ListedJobSerializer(SubmittedJobSerializer):
    effect = EffectReferenceSerializer(allow_null=True)
    purpose = serializers.CharField()
    provider = serializers.CharField()
    priority = serializers.IntegerField()
    progress = serializers.FloatField(help_text="Percent.")
    frames_done = serializers.IntegerField()
    frames_total = serializers.IntegerField()
    credits = serializers.IntegerField()
    error = serializers.CharField(allow_null=True)
    error_code = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class AiJobSerializer(ListedJobSerializer):
    output_url = serializers.CharField(allow_null=True)
    queue = QueueFiguresSerializer()


class EstimateAnswerSerializer(serializers.Serializer[Any]):
    effect_id = serializers.IntegerField()
    required_tokens = serializers.IntegerField()
    balance = serializers.IntegerField()
    sufficient = serializers.BooleanField()
    active_jobs = serializers.IntegerField()
    max_active_jobs = serializers.IntegerField()
