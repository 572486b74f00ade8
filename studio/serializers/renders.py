"""Shapes of document A's requests and answers, and of the catalogue of models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from rest_framework import serializers

from config.api.errors import refuse
from config.api.serializers import ThoroughSerializer
from studio.models import Video
from studio.requests.fields import request_fields
from studio.requests.parsing import misplaced
from studio.services.catalogue import find_checkpoint, find_named_preset


class UploadSerializer(serializers.Serializer[Any]):
    attachment = serializers.FileField(allow_empty_file=True, max_length=512)
    soundtrack = serializers.FileField(required=False, allow_null=True, allow_empty_file=True, max_length=512)
    type = serializers.ChoiceField(choices=Video.Type.choices)


class ParametersSerializer(ThoroughSerializer):
    """Generation parameters of both workflows; each ignores nothing and refuses what the other's are for."""

    def get_fields(self) -> dict[str, Any]:
        return {**request_fields(), **super().get_fields()}

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
