"""Deforum settings files over HTTP."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypedDict

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import ok
from config.api.permissions import Authenticated
from config.api.serializers import Values
from config.api.views import APIViewSet, parse
from studio.rows.jobs import UnknownKeys
from studio.services.videos import settings_files
from studio.services.videos.library import find_video


class SettingsFileSerializer(serializers.Serializer):
    """The object, or in a multipart form the file itself under either name."""

    settings = serializers.DictField(required=False, help_text="The object of a Deforum settings file.")
    file = serializers.DictField(required=False, help_text="The same: the settings file of a multipart form.")

    def validate(self, values: Values) -> Values:
        given = [value for value in (values.get("settings"), values.get("file")) if value is not None]
        if len(given) != 1:
            reason = "Send either settings or a file." if given else "The settings field is required."
            raise serializers.ValidationError({"settings": [reason]})
        return {"settings": given[0]}


class SettingsFileAnswer(TypedDict):
    settings: Annotated[dict[str, object], "What the file says, in today's words: pass it on as `schedules`."]
    unknown_keys: UnknownKeys
    not_taken: Annotated[dict[str, str], "Settings that a render does not follow as they stand: the reasons."]


class WrittenSettingsRow(TypedDict):
    """A Deforum settings file: these keys, and every setting of the vocabulary."""

    W: int
    H: int
    fps: float
    max_frames: int
    seed: int


class SettingsFileViewSet(APIViewSet):
    permissions: ClassVar = {"read": [Authenticated], "write": [Authenticated]}

    @extend_schema(request=SettingsFileSerializer, responses=SettingsFileAnswer)
    def read(self, request: Request) -> Response:
        """Check a settings file: what we render of it (pass that as ``schedules``), what not and why, and which keys we
        don't know.
        """
        read = settings_files.read_settings_file(parse(SettingsFileSerializer, request)["settings"])
        data: SettingsFileAnswer = {
            "settings": read.settings,
            "unknown_keys": read.unknown,
            "not_taken": read.not_taken,
        }
        return ok(data, "Settings file read successfully")

    @extend_schema(responses=WrittenSettingsRow)
    def write(self, request: Request, video_id: int) -> Response:
        """A video's newest Deforum render as a settings file."""
        video = find_video(user=request.user, video_id=video_id)
        return ok(settings_files.write_settings_file(video), "Settings file written successfully")
