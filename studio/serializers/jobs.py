"""Renders as requests ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from rest_framework import serializers

from config.api.errors import refuse
from config.api.serializers import ThoroughSerializer, Values
from studio.models import Video
from studio.requests.fields import request_fields
from studio.requests.parsing import misplaced
from studio.services.catalogue.models import find_checkpoint, find_named_preset


class ParametersSerializer(ThoroughSerializer):
    """Generation parameters of both workflows; each refuses what the other's are for."""

    def get_fields(self) -> dict[str, object]:
        return {**request_fields(), **super().get_fields()}

    def lookups(self, values: Values) -> Iterator[Callable[[], object]]:
        if "modelId" in values:
            yield partial(find_checkpoint, values["modelId"])
        if values.get("preset") is not None:
            yield partial(find_named_preset, values["preset"])


class GenerateSerializer(ParametersSerializer):
    """`videoId` may be left out for Deforum: a prompt is enough."""

    videoId = serializers.IntegerField(required=False, min_value=1)
    type = serializers.ChoiceField(choices=Video.Type.choices)

    def rules(self, values: Values) -> Iterator[Callable[[], object]]:
        if "type" not in values:
            return
        vid2vid = values["type"] == Video.Type.VID2VID
        for name in ("videoId", "prompt"):
            if vid2vid and values.get(name) is None:
                yield partial(refuse, name, f"The {name} field is required.")
        for name, (reason,) in misplaced(values, values["type"]).items():
            yield partial(refuse, name, reason)


class FinalizeSerializer(ParametersSerializer):
    """The video, and what differs from its preview."""

    videoId = serializers.IntegerField(min_value=1)
