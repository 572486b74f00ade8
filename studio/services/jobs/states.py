"""How a render's state shows: on its video, and to its owner as it changes."""

from __future__ import annotations

from django.utils import timezone

from config.platform.events import publish, publish_job
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


def show_on_video(job: RenderJob, **changes: object) -> None:
    """Give the video the state of its newest render, in the transaction that moved the render."""
    status = _SHOWN.get(job.status) or _SHOWN_COMPLETED[job.purpose]  # type: ignore[call-overload, index]
    Video._base_manager.filter(pk=job.video_id).update(
        status=status, error=job.error, updated_at=timezone.now(), **changes
    )
    announce(job)


def announce(job: RenderJob) -> None:
    """Tell the owner's open clients, and whoever watches the render, how it stands."""
    _tell_owner(job, progress=job.progress, frames_done=job.frames_done, eta_seconds=job.eta_seconds)
    state = {
        "job_status": job.status,
        "paused": job.status == RenderJob.Status.PAUSED,
        "error": job.error or None,
        "frames_done": job.frames_done,
        "frames_total": job.frames_total,
    }
    publish_job(job.pk, "state", state)


def announce_progress(job: RenderJob, *, progress: float, frames_done: int, eta_seconds: float | None) -> None:
    """Tell them how far it is: newer than what the row was when it was read. progress: percent."""
    _tell_owner(job, progress=progress, frames_done=frames_done, eta_seconds=eta_seconds)
    figures = {
        "frame": last_frame(frames_done),
        "frames_done": frames_done,
        "frames_total": job.frames_total,
        "progress": round(progress, 1),
        "estimated_time_left": _seconds(eta_seconds),
    }
    publish_job(job.pk, "progress", figures)


def last_frame(frames_done: int) -> int | None:
    """The number of the newest frame; they count from 0."""
    return frames_done - 1 if frames_done else None


def _tell_owner(job: RenderJob, *, progress: float, frames_done: int, eta_seconds: float | None) -> None:
    publish(
        [job.owner_id],
        "render",
        {
            "videoId": job.video_id,
            "job_id": job.pk,
            "purpose": job.purpose,
            "job_status": job.status,
            "progress": round(progress, 1),
            "frames_done": frames_done,
            "frames_total": job.frames_total,
            "estimated_time_left": _seconds(eta_seconds),
            "error": job.error or None,
        },
    )


def _seconds(eta: float | None) -> int | None:
    return None if eta is None else round(eta)
