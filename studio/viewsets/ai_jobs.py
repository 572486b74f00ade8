"""Document B's AI jobs: submit, estimate, watch, cancel."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import ClassVar, TypedDict, TypeVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from config.api.bodies import raw_body
from config.api.envelope import ok
from config.api.idempotency import Act, idempotent_when_drafted
from config.api.permissions import Authenticated
from config.api.serializers import Values
from config.api.views import APIViewSet, parse
from effects.models import Effect
from effects.services import find_effect
from studio.lists import JobList
from studio.models import MediaFile, RenderJob, Video
from studio.rows.ai_jobs import (
    JOB_COLUMNS,
    AiJobRow,
    AppliedRow,
    EstimateRow,
    ListedJobRow,
    ai_job_row,
    listed_job_row,
    submitted_job_row,
)
from studio.serializers.ai_jobs import EstimateSerializer, SubmitJobSerializer
from studio.serializers.unread import unread_keys
from studio.services.files.presigned import verify_if_pending
from studio.services.files.store import find_file
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs.places import QueueSnapshot
from studio.services.videos import ai_jobs
from studio.services.videos.library import find_video

T = TypeVar("T")
Handler = Callable[["AiJobViewSet", Request], T]


def verified_input(handler: Handler[T]) -> Handler[T]:
    """Looks at the upload that is referenced before anything else of the request: what it is decides about the rest."""

    @functools.wraps(handler)
    def prepared(view: AiJobViewSet, request: Request) -> T:
        file_id = raw_body(EstimateSerializer, request).get("input_file_id")
        verify_if_pending(user=request.user, file_id=file_id, field="input_file_id")
        return handler(view, request)

    return prepared


class _What(TypedDict):
    user: User
    effect: Effect
    video: Video | None
    source: MediaFile | None


class AiJobViewSet(APIViewSet):
    permissions: ClassVar = {
        "create": [Authenticated],
        "estimate": [Authenticated],
        "list": [Authenticated],
        "retrieve": [Authenticated],
        "cancel": [Authenticated],
    }
    throttles: ClassVar = {"create": "render"}
    lists: ClassVar = {"list": JobList}

    @extend_schema(request=SubmitJobSerializer, responses=AppliedRow)
    @idempotent_when_drafted
    @verified_input
    def create(self, request: Request) -> Act:
        """Apply an effect to a video, an uploaded file, or, for an animation, to nothing."""
        values = parse(SubmitJobSerializer, request)
        prepared = ai_jobs.prepare_effect(
            **self._what(request, values),
            input_payload=values.get("input_payload"),
            provider=values.get("provider"),
            priority=values.get("priority"),
        )
        unknown = unread_keys(SubmitJobSerializer, request)

        def queue() -> Response:
            row: AppliedRow = {**submitted_job_row(jobs.queue_render(prepared))}
            if unknown:
                row["unknown_keys"] = unknown
            return ok(row, "AI job submitted successfully")

        return queue

    @extend_schema(request=EstimateSerializer, responses=EstimateRow)
    @verified_input
    def estimate(self, request: Request) -> Response:
        """What a job would cost, and whether it would be taken now; refuses what the job would be refused for."""
        values = parse(EstimateSerializer, request)
        estimate = ai_jobs.estimate_effect(
            **self._what(request, values),
            input_payload=values.get("input_payload"),
            provider=values.get("provider"),
        )
        row: EstimateRow = {**estimate}
        # Whatever a job may say may be asked of its estimate.
        if unknown := unread_keys(SubmitJobSerializer, request):
            row["unknown_keys"] = unknown
        return ok(row, "AI job estimated successfully")

    @extend_schema(responses=Sequence[ListedJobRow])
    def list(self, request: Request) -> Response:
        """All renders of the user, previews included."""
        mine = RenderJob.objects.filter(owner=request.user)
        return self.list_response(
            request, mine, columns=JOB_COLUMNS, row=listed_job_row, message="AI jobs retrieved successfully"
        )

    @extend_schema(responses=AiJobRow)
    def retrieve(self, request: Request, job_id: int) -> Response:
        job = ai_jobs.find_job(user=request.user, job_id=job_id)
        return ok(self._row(job, request), "AI job retrieved successfully")

    @extend_schema(request=None, responses=AiJobRow)
    def cancel(self, request: Request, job_id: int) -> Response:
        """Cancel a job; a finished one stays what it is."""
        job = jobs.cancel_render(ai_jobs.find_job(user=request.user, job_id=job_id))
        return ok(self._row(job, request), "AI job cancelled successfully")

    def _what(self, request: Request, values: Values) -> _What:
        """Whom the request is of, and the rows it names."""
        user, video_id, file_id = request.user, values.get("video_id"), values.get("input_file_id")
        return {
            "user": user,
            "effect": find_effect(effect_id=values["effect_id"]),
            "video": find_video(user=user, video_id=video_id) if video_id else None,
            "source": find_file(user=user, file_id=file_id) if file_id else None,
        }

    def _row(self, job: RenderJob, request: Request) -> AiJobRow:
        return ai_job_row(job, QueueSnapshot().figures(job), request.build_absolute_uri)
