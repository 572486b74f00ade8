"""Files as requests bring them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from rest_framework import serializers

from config.api.serializers import ThoroughSerializer, Values
from studio.models import Video
from studio.serializers.ai_jobs import effect_rules
from studio.serializers.fields import MAX_ID, IdField, LineField
from studio.services.files.presigned import check_size, check_type


class AnnounceSerializer(ThoroughSerializer):
    effect_id = IdField()
    mime_type = serializers.CharField(max_length=127)
    size = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    original_filename = LineField(max_length=512)
    file_hash = LineField(required=False, allow_null=True, allow_blank=True, max_length=255)

    def lookups(self, values: Values) -> Iterator[Callable[[], object]]:
        return effect_rules(values)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if "mime_type" in values:
            yield partial(check_type, values["mime_type"])
        if "size" in values:
            yield partial(check_size, values["size"])


class UploadSerializer(serializers.Serializer):
    attachment = serializers.FileField(allow_empty_file=True, max_length=512)
    soundtrack = serializers.FileField(required=False, allow_null=True, allow_empty_file=True, max_length=512)
    type = serializers.ChoiceField(choices=Video.Type.choices)
