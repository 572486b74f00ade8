"""How a render's state shows: on its video, and to its owner as it changes."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from config.platform.events import publish
from studio.models import RenderJob, Video

_SHOWN = {
    RenderJob.Status.QUEUED: Video.Status.QUEUED,
    RenderJob.Status.RUNNING: Video.Status.RUNNING,
    RenderJob.Status.PAUSED: Video.Status.PAUSED,
    RenderJob.Status.FAILED: Video.Status.FAILED,
    RenderJob.Status.CANCELLED: Video.Status.CANCELLED,
}
_SHOWN_COMPLETED = {
    RenderJob.Purpose.PREVIEW: Video.Status.PREVIEW_READY,
    RenderJob.Purpose.FINAL: Video.Status.COMPLETED,
}


def show_on_video(job: RenderJob, **changes: Any) -> None:
    """Give the video the state of its newest render, in the transaction that moved the render."""
    status = _SHOWN.get(job.status) or _SHOWN_COMPLETED[job.purpose]  # type: ignore[call-overload, index]
    Video._base_manager.filter(pk=job.video_id).update(
        status=status, error=job.error, updated_at=timezone.now(), **changes
    )
    announce(job)


def announce(job: RenderJob, **figures: Any) -> None:
    """Tell the owner's open clients how the render stands; ``figures`` are newer than the job's own."""
    shown = {"progress": job.progress, "frames_done": job.frames_done, "eta_seconds": job.eta_seconds, **figures}
    publish(
        [job.owner_id],
        "render",
        {
            "videoId": job.video_id,
            "job_id": job.pk,
            "purpose": job.purpose,
            "job_status": job.status,
            "progress": round(shown["progress"], 1),
            "frames_done": shown["frames_done"],
            "frames_total": job.frames_total,
            "estimated_time_left": None if shown["eta_seconds"] is None else round(shown["eta_seconds"]),
            "error": job.error or None,
        },
    )
