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
from studio.services.files.presigned import check_size, check_type

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
