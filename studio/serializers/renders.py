"""Shapes of document A's requests and answers, and of the catalogue of models."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.errors import refuse
from config.api.serializers import ThoroughSerializer
from effects.generation import BOUNDS, CONTROL_CHARACTERS, CONTROLNETS, MAX_CONTROLNETS, MAX_PROMPT
from studio.models import Video
from studio.rendering.deforum.settings import MAX_LENGTH
from studio.rendering.diffusion.samplers import sampler_names
from studio.services.catalogue import find_checkpoint, find_named_preset


class PromptField(serializers.CharField):
    """Text for the model: bounded, and free of control characters other than line breaks and tabs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": MAX_PROMPT, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        if CONTROL_CHARACTERS.search(text):
            raise serializers.ValidationError("The text contains control characters.")
        return text


class FiniteFloatField(serializers.FloatField):
    """A number that is one: ``"nan"`` slips through every range check."""

    def to_internal_value(self, data: Any) -> float:
        value: float = super().to_internal_value(data)
        if not math.isfinite(value):
            raise serializers.ValidationError("A valid number is required.")
        return value


class UploadSerializer(serializers.Serializer[Any]):
    attachment = serializers.FileField(allow_empty_file=True, max_length=512)
    soundtrack = serializers.FileField(required=False, allow_null=True, allow_empty_file=True, max_length=512)
    type = serializers.ChoiceField(choices=Video.Type.choices)


class ControlNetSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=CONTROLNETS)
    weight = FiniteFloatField(min_value=0.0, max_value=2.0, default=1.0)
    start = FiniteFloatField(min_value=0.0, max_value=1.0, default=0.0)
    end = FiniteFloatField(min_value=0.0, max_value=1.0, default=1.0)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["start"] >= values["end"]:
            raise serializers.ValidationError({"end": ["The end must lie after the start."]})
        return values


@extend_schema_field(ControlNetSerializer(many=True))
class ControlNetField(serializers.Field):
    """One unit by its type, one unit, or a list of up to five."""

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        units = data if isinstance(data, list) else [data]
        units = [{"type": unit} if isinstance(unit, str) else unit for unit in units]
        if len(units) > MAX_CONTROLNETS:
            raise serializers.ValidationError(f"At most {MAX_CONTROLNETS} ControlNet units can be used at once.")
        inner = ControlNetSerializer(data=units, many=True)
        inner.is_valid(raise_exception=True)
        return [dict(unit) for unit in inner.validated_data]

    def to_representation(self, value: Any) -> Any:
        return value


def _bounds(parameter: str) -> dict[str, Any]:
    low, high = BOUNDS[parameter]
    return {"min_value": low, "max_value": high}


class ParametersSerializer(ThoroughSerializer):
    """Generation parameters of both workflows; each ignores nothing and refuses what the other's are for."""

    modelId = serializers.IntegerField(required=False, min_value=1)
    prompt = PromptField(required=False)
    negative_prompt = PromptField(required=False, allow_blank=True)
    seed = serializers.IntegerField(required=False, allow_null=True, **_bounds("seed"))
    cfgScale = FiniteFloatField(required=False, **_bounds("cfgScale"))
    denoising = FiniteFloatField(required=False, **_bounds("denoising"))
    steps = serializers.IntegerField(required=False, **_bounds("steps"))
    frameCount = serializers.IntegerField(required=False, min_value=1, max_value=20)
    scheduler = serializers.ChoiceField(required=False, choices=sampler_names())
    controlnet = ControlNetField(required=False, allow_null=True)
    draft = serializers.BooleanField(required=False, help_text="Use the small decoder: quicker, coarser.")
    deepcache = serializers.IntegerField(
        required=False, min_value=1, max_value=5, help_text="Reuse deep features for so many steps: quicker, coarser."
    )
    residualCfg = serializers.BooleanField(required=False, help_text="One negative pass: quicker.")
    smoothing = FiniteFloatField(required=False, min_value=0.0, max_value=0.7)
    stabiliseColour = serializers.BooleanField(required=False)
    crossFrameAttention = serializers.BooleanField(required=False)
    startFrame = serializers.IntegerField(required=False, min_value=0)
    endFrame = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    preset = serializers.CharField(required=False, allow_null=True, max_length=255)
    length = FiniteFloatField(required=False, **_bounds("length"))
    fps = FiniteFloatField(required=False, **_bounds("fps"))
    extendFromJobId = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    schedules = serializers.DictField(required=False, allow_null=True)

    DEFORUM_ONLY = ("preset", "length", "fps", "extendFromJobId", "schedules")
    VID2VID_ONLY = ("smoothing", "stabiliseColour", "crossFrameAttention", "startFrame", "endFrame")

    def rules(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        if len(str(values.get("schedules") or "")) > MAX_LENGTH:
            yield partial(refuse, "schedules", "The schedules are too long.")

    def lookups(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        if "modelId" in values:
            yield partial(find_checkpoint, values["modelId"])
        if values.get("preset") is not None:
            yield partial(find_named_preset, values["preset"])


class GenerateSerializer(ParametersSerializer):
    """`videoId` may be left out for Deforum: a prompt is enough."""

    videoId = serializers.IntegerField(required=False, min_value=1)
    type = serializers.ChoiceField(choices=Video.Type.choices)

    def rules(self, values: dict[str, Any]) -> Iterator[Callable[[], object]]:
        yield from super().rules(values)
        if "type" not in values:
            return
        vid2vid = values["type"] == Video.Type.VID2VID
        for name in ("videoId", "prompt"):
            if vid2vid and values.get(name) is None:
                yield partial(refuse, name, f"The {name} field is required.")
        others, other = (self.DEFORUM_ONLY, "deforum") if vid2vid else (self.VID2VID_ONLY, "vid2vid")
        for name in others:
            if values.get(name) is not None:
                yield partial(refuse, name, f"This parameter is for {other} alone.")


class FinalizeSerializer(ParametersSerializer):
    """The video, and what differs from its preview."""

    videoId = serializers.IntegerField(min_value=1)


class QueueFiguresSerializer(serializers.Serializer[Any]):
    total_jobs_processing = serializers.IntegerField()
    total_jobs_in_queue = serializers.IntegerField()
    your_position = serializers.IntegerField(allow_null=True)
    your_estimated_time = serializers.IntegerField(allow_null=True, help_text="Seconds.")
    estimated_time_for_all_jobs = serializers.IntegerField()
    estimated_time_processing_jobs = serializers.IntegerField()


class UploadAnswerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    videoId = serializers.IntegerField()
    type = serializers.ChoiceField(choices=Video.Type.choices)
    status = serializers.CharField()
    media_url = serializers.CharField(allow_null=True)
    soundtrack_url = serializers.CharField(allow_null=True)
    original_filename = serializers.CharField(allow_null=True)
    mime_type = serializers.CharField(allow_null=True)
    size = serializers.IntegerField(allow_null=True)
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    fps = serializers.CharField(allow_null=True)
    frame_count = serializers.IntegerField(allow_null=True)
    duration = serializers.FloatField(allow_null=True)
    notes = serializers.ListField(child=serializers.CharField(), help_text="What of the files is left out.")
    created_at = serializers.DateTimeField()


class JobSerializer(serializers.Serializer[Any]):
    """A video and its newest render."""

    id = serializers.IntegerField()
    videoId = serializers.IntegerField()
    job_id = serializers.IntegerField(allow_null=True)
    type = serializers.ChoiceField(choices=Video.Type.choices)
    status = serializers.ChoiceField(
        choices=("pending", "approved", "processing", "preview", "finished", "error", "cancelled")
    )
    purpose = serializers.CharField(allow_null=True)
    progress = serializers.FloatField(help_text="Percent.")
    frames_done = serializers.IntegerField()
    frames_total = serializers.IntegerField()
    estimated_time_left = serializers.IntegerField(allow_null=True, help_text="Seconds.")
    job_time = serializers.FloatField(allow_null=True, help_text="Seconds.")
    queued_at = serializers.IntegerField(allow_null=True, help_text="Unix time.")
    queue = QueueFiguresSerializer()
    generator = serializers.CharField()
    model_id = serializers.IntegerField(allow_null=True)
    prompt = serializers.CharField(allow_null=True)
    negative_prompt = serializers.CharField(allow_null=True)
    cfg_scale = serializers.FloatField(allow_null=True)
    seed = serializers.IntegerField(allow_null=True)
    denoising = serializers.FloatField(allow_null=True)
    fps = serializers.CharField(allow_null=True)
    frame_count = serializers.IntegerField(allow_null=True)
    length = serializers.FloatField(allow_null=True)
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    generation_parameters = serializers.DictField()
    error = serializers.CharField(allow_null=True)
    media_url = serializers.CharField(allow_null=True)
    soundtrack_url = serializers.CharField(allow_null=True)
    output_url = serializers.CharField(allow_null=True)
    preview_url = serializers.CharField(allow_null=True)
    frame_url = serializers.CharField(allow_null=True)
    still_url = serializers.CharField(allow_null=True)
    animation_url = serializers.CharField(allow_null=True)
    poster_url = serializers.CharField(allow_null=True)
    thumbnail_url = serializers.CharField(allow_null=True)
    sprite_url = serializers.CharField(allow_null=True)
    frame_table_url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ProcessingStatusSerializer(serializers.Serializer[Any]):
    processing = JobSerializer(many=True)
    queued = JobSerializer(many=True)
    statistics = QueueFiguresSerializer()


class ProcessingQueueSerializer(serializers.Serializer[Any]):
    items = JobSerializer(many=True)
    totalItems = serializers.IntegerField()


class ModelFileSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    version = serializers.CharField()
    previewUrl = serializers.CharField(allow_null=True)
    enabled = serializers.BooleanField()
    modelType = serializers.CharField()


class PresetSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()
    description = serializers.CharField()
    settings = serializers.DictField()


class ServiceStatusSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    services = serializers.DictField(child=serializers.CharField())
    programs = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="Background programs that ran lately: up or down."
    )


class CsrfTokenSerializer(serializers.Serializer[Any]):
    csrf_token = serializers.CharField()
