"""The numbers of schedules over HTTP."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import ok
from config.api.permissions import Authenticated
from config.api.views import APIViewSet, parse
from studio.rendering.deforum.validation import MAX_FRAMES
from studio.rendering.plan import MAX_SEED
from studio.services.videos.schedule_numbers import schedule_numbers

_NUMBERS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "number"}}}


class SchedulesSerializer(serializers.Serializer[Any]):
    schedules = serializers.DictField(
        allow_empty=False, help_text="Texts such as `0:(1), 30:(1+0.1*sin(t))` by the name of their Deforum setting."
    )
    frames = serializers.IntegerField(min_value=1, max_value=MAX_FRAMES, help_text="How many, from frame 0 on.")
    seed = serializers.IntegerField(
        default=0, min_value=-1, max_value=MAX_SEED, help_text="What `s` stands for; below 0 is 0."
    )


class ScheduleViewSet(APIViewSet):
    permissions: ClassVar = {"numbers": [Authenticated]}

    @extend_schema(request=SchedulesSerializer, responses={200: _NUMBERS})
    def numbers(self, request: Request) -> Response:
        """What schedules come to, frame by frame."""
        asked = parse(SchedulesSerializer, request)
        values = schedule_numbers(asked["schedules"], frames=asked["frames"], seed=max(0, asked["seed"]))
        return ok(values, "Schedules computed successfully")
