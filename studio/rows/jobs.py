"""What the API says of renders, in document A's words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, NotRequired, TypedDict

from django.utils import timezone

from config.platform.links import Absolute
from studio.models import RenderJob, Video
from studio.rows.figures import FiguresRow, QueueFiguresRow, figures_of, queue_row
from studio.rows.links import file_link, frame_link
from studio.services.jobs.places import QueueFigures

UnknownKeys = Annotated[list[str], "Names in what was sent that mean nothing here."]
Word = Literal["pending", "approved", "processing", "preview", "finished", "error", "cancelled"]

_STATUS: Final[dict[str, Word]] = {
    Video.Status.UPLOADED: "pending",
    Video.Status.RUNNING: "processing",
    Video.Status.PAUSED: "processing",
    Video.Status.PREVIEW_READY: "preview",
    Video.Status.COMPLETED: "finished",
    Video.Status.FAILED: "error",
    Video.Status.CANCELLED: "cancelled",
}


def status_word(video: Video, job: RenderJob | None) -> Word:
    """The state in document A's vocabulary: a queued final is ``approved``, a queued preview ``processing``."""
    if video.status == Video.Status.QUEUED:
        return "approved" if job and job.purpose == RenderJob.Purpose.FINAL else "processing"
    return _STATUS[video.status]


class ProgressRow(TypedDict):
    id: int
    videoId: int
    job_id: int | None
    type: Annotated[str, Video.Type]
    status: Word
    purpose: str | None
    progress: Annotated[float, "Percent."]
    paused: Annotated[bool, "Whether it waits for somebody to resume it."]
    frames_done: int
    frames_total: int
    estimated_time_left: Annotated[int | None, "Seconds."]
    job_time: Annotated[float | None, "Seconds."]
    queued_at: Annotated[int | None, "Unix time."]
    finished_at: Annotated[datetime | None, "When the newest render ended, however it did."]
    queue: QueueFiguresRow
    generator: str


class JobRow(ProgressRow, FiguresRow):
    """A video and its newest render."""

    generation_parameters: dict[str, object]
    error: str | None
    media_url: str | None
    soundtrack_url: str | None
    output_url: str | None
    preview_url: str | None
    frame_url: str | None
    still_url: str | None
    animation_url: str | None
    poster_url: str | None
    thumbnail_url: str | None
    sprite_url: str | None
    frame_table_url: str | None
    created_at: datetime
    updated_at: datetime


class StartedRow(JobRow):
    """A video whose newest render was just asked for."""

    unknown_keys: NotRequired[UnknownKeys]


def job_row(video: Video, job: RenderJob | None, figures: QueueFigures, absolute: Absolute) -> JobRow:
    """A video and its newest render: the row of ``/status``, ``/queue``, ``/generate`` and ``/finalize``."""
    parameters = video.parameters
    is_final = job is not None and job.purpose == RenderJob.Purpose.FINAL
    return {
        "id": video.pk,
        "videoId": video.pk,
        "job_id": job.pk if job else None,
        "type": video.type,
        "status": status_word(video, job),
        "purpose": job.purpose if job else None,
        "progress": round(job.progress, 1) if job else 0.0,
        "paused": job is not None and job.status == RenderJob.Status.PAUSED,
        "frames_done": job.frames_done if job else 0,
        "frames_total": job.frames_total if job else 0,
        "estimated_time_left": _time_left(job, figures),
        "job_time": _job_time(job),
        "queued_at": int(job.queued_at.timestamp()) if job else None,
        "finished_at": job.finished_at if job else None,
        "queue": queue_row(figures),
        "generator": video.type,
        **figures_of(video, job),
        "generation_parameters": parameters,
        "error": video.error or None,
        "media_url": file_link(video.source, absolute),
        "soundtrack_url": file_link(video.soundtrack, absolute),
        "output_url": file_link(video.output, absolute),
        "preview_url": file_link(job.output, absolute) if job and not is_final else None,
        "frame_url": frame_link(job, absolute) if job else None,
        "still_url": file_link(job.still, absolute) if job else None,
        "animation_url": file_link(job.animation, absolute) if job and job.frames_total > 1 else None,
        "poster_url": file_link(job.poster, absolute) if job else None,
        "thumbnail_url": file_link(job.thumbnail, absolute) if job else None,
        "sprite_url": file_link(job.sprite, absolute) if job else None,
        "frame_table_url": file_link(job.frame_table, absolute) if job else None,
        "created_at": video.created_at,
        "updated_at": video.updated_at,
    }


class ProcessingStatusRow(TypedDict):
    processing: Sequence[JobRow]
    queued: Sequence[JobRow]
    statistics: QueueFiguresRow


class ProcessingQueueRow(TypedDict):
    items: list[JobRow]
    totalItems: int


def _time_left(job: RenderJob | None, figures: QueueFigures) -> int | None:
    if job is None or not job.is_active:
        return 0 if job else None
    return figures.your_estimated_time


def _job_time(job: RenderJob | None) -> float | None:
    """Seconds that the newest attempt has rendered."""
    if job is None or job.started_at is None:
        return None
    return round(((job.finished_at or timezone.now()) - job.started_at).total_seconds(), 3)
