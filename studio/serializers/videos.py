"""Videos as requests name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rest_framework import serializers

from config.api.serializers import ThoroughSerializer, Values
from studio.serializers.ai_jobs import effect_rules
from studio.serializers.fields import IdField, LineField, PayloadField


class CreateVideoSerializer(ThoroughSerializer):
    effect_id = IdField()
    original_file_id = IdField()
    title = LineField(required=False, allow_null=True, allow_blank=True, max_length=255)
    input_payload = PayloadField(required=False, allow_null=True)

    def lookups(self, values: Values) -> Iterator[Callable[[], object]]:
        return effect_rules(values)


class RenameVideoSerializer(serializers.Serializer):
    title = LineField(required=False, allow_blank=True, max_length=255)
