"""AI jobs as requests ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from rest_framework import serializers

from config.api.errors import refuse
from config.api.idempotency import FIELD
from config.api.serializers import ThoroughSerializer, Values
from effects.services import check_effect_id, check_payload
from studio.providers import ensure_available
from studio.serializers.fields import IdField, PayloadField


class EstimateSerializer(ThoroughSerializer):
    """What to apply to what: as for a job, which needs a key and a priority besides."""

    effect_id = IdField()
    provider = serializers.CharField(required=False, allow_null=True, max_length=32)
    video_id = IdField(required=False, allow_null=True)
    input_file_id = IdField(required=False, allow_null=True)
    input_payload = PayloadField(required=False, allow_null=True)

    def lookups(self, values: Values) -> Iterator[Callable[[], object]]:
        return effect_rules(values, replaces=values.get("video_id") is not None)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if values.get("provider"):
            yield partial(ensure_available, values["provider"])


class SubmitJobSerializer(EstimateSerializer):
    idempotency_key = serializers.CharField(
        required=False, max_length=255, help_text="Required, unless it comes as the Idempotency-Key header."
    )
    priority = serializers.IntegerField(required=False, allow_null=True, min_value=-100, max_value=100)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        yield from super().rules(values)
        if self.context["request"].idempotency_key is None:
            yield partial(refuse, FIELD, "The idempotency key field is required.")


def effect_rules(values: Values, *, replaces: bool = False) -> Iterator[Callable[[], object]]:
    """replaces: without a payload an earlier one may hold, which the service knows."""
    if "effect_id" in values:
        yield partial(check_effect_id, values["effect_id"])
        payload = values.get("input_payload")
        if "input_payload" in values and not (payload is None and replaces):
            yield partial(check_payload, values["effect_id"], payload)
