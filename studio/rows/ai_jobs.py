"""What the API says of AI jobs, in document B's words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, NotRequired, TypedDict

from config.platform.columns import Columns
from config.platform.links import Absolute
from studio.models import RenderJob
from studio.models.jobs import dispatch_id
from studio.rows.figures import QueueFiguresRow, queue_row
from studio.rows.jobs import UnknownKeys
from studio.rows.links import file_link
from studio.rows.videos import EffectReferenceRow, effect_reference
from studio.services.jobs.places import QueueFigures
from studio.services.videos.ai_jobs import EstimateAnswer

JOB_WORDS: Final[dict[str, str]] = {
    RenderJob.Status.QUEUED: "queued",
    RenderJob.Status.RUNNING: "processing",
    RenderJob.Status.PAUSED: "processing",
    RenderJob.Status.COMPLETED: "completed",
    RenderJob.Status.FAILED: "failed",
    RenderJob.Status.CANCELLED: "cancelled",
}


class SubmittedJobRow(TypedDict):
    id: int
    dispatch_id: str
    effect_id: int | None
    video_id: int
    status: Annotated[str, tuple(JOB_WORDS.values())]
    created_at: datetime


class AppliedRow(SubmittedJobRow):
    """A job that was just asked for."""

    unknown_keys: NotRequired[UnknownKeys]


class EstimateRow(EstimateAnswer):
    """What it would cost."""

    unknown_keys: NotRequired[UnknownKeys]


def submitted_job_row(job: RenderJob) -> SubmittedJobRow:
    return {
        "id": job.pk,
        "dispatch_id": job.dispatch_id,
        "effect_id": job.effect_id,
        "video_id": job.video_id,
        "status": JOB_WORDS[job.status],
        "created_at": job.queued_at,
    }


JOB_COLUMNS: Final = (
    "id", "dispatch_key", "effect_id", "effect__name", "effect__slug", "video_id", "status", "queued_at", "purpose",
    "provider", "priority", "progress", "frames_done", "frames_total", "price", "error", "error_code", "started_at",
    "finished_at",
)  # fmt: skip


class ListedJobRow(SubmittedJobRow):
    effect: EffectReferenceRow | None
    purpose: str
    provider: str
    priority: int
    progress: Annotated[float, "Percent."]
    frames_done: int
    frames_total: int
    credits: int
    error: str | None
    error_code: str | None
    started_at: datetime | None
    finished_at: datetime | None


def listed_job_row(job: Columns) -> ListedJobRow:
    """One ``values()`` row of ``JOB_COLUMNS``."""
    return {
        "id": job["id"],
        "dispatch_id": dispatch_id(job["dispatch_key"]),
        "effect_id": job["effect_id"],
        "video_id": job["video_id"],
        "status": JOB_WORDS[job["status"]],
        "created_at": job["queued_at"],
        "effect": effect_reference(job),
        "purpose": job["purpose"],
        "provider": job["provider"],
        "priority": job["priority"],
        "progress": round(job["progress"], 1),
        "frames_done": job["frames_done"],
        "frames_total": job["frames_total"],
        "credits": job["price"],
        "error": job["error"] or None,
        "error_code": job["error_code"] or None,
        "started_at": job["started_at"],
        "finished_at": job["finished_at"],
    }


class AiJobRow(ListedJobRow):
    output_url: str | None
    queue: QueueFiguresRow


def ai_job_row(job: RenderJob, figures: QueueFigures, absolute: Absolute) -> AiJobRow:
    """A job with its place in the queue; ``job.effect`` and ``job.output`` are loaded."""
    names = {"effect__name": job.effect and job.effect.name, "effect__slug": job.effect and job.effect.slug}
    listed = listed_job_row({**vars(job), **names})
    return {**listed, "output_url": file_link(job.output, absolute), "queue": queue_row(figures)}
