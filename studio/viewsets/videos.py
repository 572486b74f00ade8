"""Document B's videos: list, create, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import ok
from config.api.permissions import Authenticated
from config.api.views import APIViewSet, parse
from config.platform.columns import Columns
from effects.services import find_effect
from studio.lists import VideoList
from studio.models import Video
from studio.rows.videos import (
    PICTURE_COLUMNS,
    VIDEO_COLUMNS,
    CreatedVideoRow,
    RenamedVideoRow,
    VideoRow,
    created_video_row,
    renamed_video_row,
    video_row,
)
from studio.serializers.videos import CreateVideoSerializer, RenameVideoSerializer
from studio.services.files import presigned
from studio.services.videos import ai_jobs
from studio.services.videos import library as videos


class VideoViewSet(APIViewSet):
    permissions: ClassVar = {
        "list": [Authenticated],
        "create": [Authenticated],
        "retrieve": [Authenticated],
        "update": [Authenticated],
        "destroy": [Authenticated],
    }
    lists: ClassVar = {"list": VideoList}

    @extend_schema(responses=Sequence[VideoRow])
    def list(self, request: Request) -> Response:
        """The user's own videos."""
        mine = videos.with_publication(Video.objects.filter(owner=request.user, deleted_at=None))
        response = self.list_response(request, mine, columns=VIDEO_COLUMNS, message="Videos retrieved successfully")
        page = response.data["data"]
        page["items"] = _rows(page["items"], request)
        return response

    @extend_schema(request=CreateVideoSerializer, responses={201: CreatedVideoRow})
    def create(self, request: Request) -> Response:
        """A video of an uploaded file and an effect, to be rendered when asked."""
        values = parse(CreateVideoSerializer, request)
        effect = find_effect(effect_id=values["effect_id"])
        video = ai_jobs.create_effect_video(
            user=request.user,
            effect=effect,
            source=presigned.find_verified_file(
                user=request.user, file_id=values["original_file_id"], field="original_file_id"
            ),
            input_payload=values.get("input_payload"),
            title=values.get("title") or "",
        )
        return ok(created_video_row(video), "Video created successfully", status=201)

    @extend_schema(responses=VideoRow)
    def retrieve(self, request: Request, video_id: int) -> Response:
        video = videos.find_video(user=request.user, video_id=video_id)
        found = videos.with_publication(Video.objects.filter(pk=video.pk)).values(*VIDEO_COLUMNS)
        return ok(_rows(list(found), request)[0], "Video retrieved successfully")

    @extend_schema(request=RenameVideoSerializer, responses=RenamedVideoRow)
    def update(self, request: Request, video_id: int) -> Response:
        """Change the title; nothing else of a video can be changed."""
        video = videos.find_video(user=request.user, video_id=video_id)
        values = parse(RenameVideoSerializer, request)
        if "title" in values:
            video = videos.rename_video(video, title=values["title"])
        return ok(renamed_video_row(video), "Video updated successfully")

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, video_id: int) -> Response:
        """Delete a video; a published one leaves the gallery, a render under way is cancelled."""
        videos.delete_video(videos.find_video(user=request.user, video_id=video_id))
        return Response(status=204)


def _rows(page: list[Columns], request: Request) -> list[VideoRow]:
    finished = videos.finished_jobs([video["id"] for video in page], *PICTURE_COLUMNS)
    return [video_row(video, finished.get(video["id"]), request.build_absolute_uri) for video in page]
