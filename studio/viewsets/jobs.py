"""Document A's life of a video: upload, generate, finalize, watch, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import ok
from config.api.filters import Choice, DateTime, Int, ListSpec
from config.api.idempotency import Act, idempotent_when_drafted
from config.api.permissions import Authenticated
from config.api.views import APIViewSet, parse
from studio.models import Video
from studio.rows.figures import queue_row
from studio.rows.jobs import JobRow, ProcessingQueueRow, ProcessingStatusRow, StartedRow, job_row
from studio.serializers.jobs import FinalizeSerializer, GenerateSerializer, ParametersSerializer
from studio.serializers.unread import unread_keys
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs.places import QueueSnapshot
from studio.services.videos import library as videos
from studio.services.videos.prepared import PreparedRender
from tenants.scope import all_tenants


class QueueList(ListSpec):
    filters: ClassVar = {
        "id": Int(),
        "type": Choice(Video.Type),
        "status": Choice(Video.Status),
        "created_at": DateTime(),
    }
    search = ("title", "parameters__prompt")
    order = ("id", "created_at", "updated_at", "status")
    default_order = "created_at:desc"
    feed = ("id", "created_at")
    count_ttl = 60
    exact_below = 1000


class RenderViewSet(APIViewSet):
    """Ask for renders, watch them, cancel them."""

    permissions: ClassVar = {
        "generate": [Authenticated],
        "finalize": [Authenticated],
        "cancel": [Authenticated],
        "list": [Authenticated],
        "status": [Authenticated],
        "processing_status": [Authenticated],
        "processing_queue": [Authenticated],
    }
    throttles: ClassVar = {"generate": "render", "finalize": "render"}
    lists: ClassVar = {"list": QueueList}

    @extend_schema(request=GenerateSerializer, responses=StartedRow)
    @idempotent_when_drafted
    def generate(self, request: Request) -> Act:
        """Render a preview: the first frames of what the final will be."""
        values = parse(GenerateSerializer, request)
        video_id, kind = values.pop("videoId", None), values.pop("type")
        video = videos.find_video(user=request.user, video_id=video_id) if video_id else None
        prepared = videos.prepare_preview(user=request.user, video=video, type=kind, parameters=values)
        return lambda: ok(self._started(prepared, request, GenerateSerializer), "Generation started successfully")

    @extend_schema(request=FinalizeSerializer, responses=StartedRow)
    @idempotent_when_drafted
    def finalize(self, request: Request) -> Act:
        """Approve the preview and queue the full render."""
        values = parse(FinalizeSerializer, request)
        video = videos.find_video(user=request.user, video_id=values.pop("videoId"))
        prepared = videos.prepare_final(user=request.user, video=video, overrides=values)
        return lambda: ok(self._started(prepared, request, FinalizeSerializer), "Job approved successfully")

    @extend_schema(request=None, responses=JobRow)
    def cancel(self, request: Request, video_id: int) -> Response:
        """Cancel the video's active render; a finished one stays what it is."""
        video = videos.find_video(user=request.user, video_id=video_id)
        job = jobs.cancel_video(video)
        video.refresh_from_db(fields=["status", "error"])
        return ok(
            job_row(video, job, QueueSnapshot().figures(job), request.build_absolute_uri), "Job cancelled successfully"
        )

    @extend_schema(responses=JobRow)
    def status(self, request: Request, video_id: int) -> Response:
        """One video in full: for its owner, or an administrator."""
        video = videos.find_video_as_staff(user=request.user, video_id=video_id)
        # An administrator looks across tenants; for everyone else the video was found in scope.
        with all_tenants():
            job = videos.newest_jobs([video]).get(video.pk)
        return ok(
            job_row(video, job, QueueSnapshot().figures(job), request.build_absolute_uri),
            "Job status retrieved successfully",
        )

    @extend_schema(responses=Sequence[JobRow])
    def list(self, request: Request) -> Response:
        """All videos of the user with their newest render."""
        response = self.list_response(request, self._mine(request), message="Queue retrieved successfully")
        page = response.data["data"]
        page["items"] = self._rows(request, page["items"])
        return response

    @extend_schema(responses=ProcessingStatusRow)
    def processing_status(self, request: Request) -> Response:
        """The user's running and queued renders, and how busy the studio is."""
        snapshot = QueueSnapshot()
        active = self._active(request)
        running = [video for video in active if video.status in (Video.Status.RUNNING, Video.Status.PAUSED)]
        queued = [video for video in active if video.status == Video.Status.QUEUED]
        data: ProcessingStatusRow = {
            "processing": self._rows(request, running, snapshot),
            "queued": self._rows(request, queued, snapshot),
            "statistics": queue_row(snapshot.figures()),
        }
        return ok(data, "Processing status retrieved successfully")

    @extend_schema(responses=ProcessingQueueRow)
    def processing_queue(self, request: Request) -> Response:
        """The user's running and approved renders with position and time, in the order they are due."""
        rows = sorted(
            self._rows(request, self._active(request)),
            key=lambda row: (row["queue"]["your_position"] or 0, row["queued_at"] or 0),
        )
        data: ProcessingQueueRow = {"items": rows, "totalItems": len(rows)}
        return ok(data, "Processing queue retrieved successfully")

    def _mine(self, request: Request) -> QuerySet[Video]:
        return videos.shown_videos().filter(owner=request.user, deleted_at=None)

    def _active(self, request: Request) -> Sequence[Video]:
        return list(self._mine(request).filter(status__in=Video.ACTIVE))

    def _rows(self, request: Request, page: Sequence[Video], snapshot: QueueSnapshot | None = None) -> Sequence[JobRow]:
        snapshot = snapshot or QueueSnapshot()
        newest = videos.newest_jobs(page)
        absolute = request.build_absolute_uri
        return [job_row(v, newest.get(v.pk), snapshot.figures(newest.get(v.pk)), absolute) for v in page]

    def _started(
        self, prepared: PreparedRender, request: Request, serializer: type[ParametersSerializer]
    ) -> StartedRow:
        job = jobs.queue_render(prepared)
        video = videos.shown_videos().get(pk=job.video_id)
        row = job_row(video, job, QueueSnapshot().figures(job), request.build_absolute_uri)
        unknown = unread_keys(serializer, request)
        return {**row, "unknown_keys": unknown} if unknown else {**row}
