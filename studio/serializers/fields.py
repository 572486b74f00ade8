"""Fields that several requests have."""

from __future__ import annotations

import re

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

MAX_ID = 2**63 - 1

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class IdField(serializers.IntegerField):
    """The id of a row."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**{"min_value": 1, "max_value": MAX_ID, **kwargs})


class LineField(serializers.CharField):
    """One line of text, free of control characters."""

    def to_internal_value(self, data: object) -> str:
        text: str = super().to_internal_value(data)
        if _CONTROL.search(text):
            raise serializers.ValidationError("The text contains control characters.")
        return text


@extend_schema_field(serializers.DictField())
class PayloadField(serializers.JSONField):
    """What a user sets of an effect's properties; the effect itself says what is allowed."""
