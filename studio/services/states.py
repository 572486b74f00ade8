"""How a render's state shows on its video."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from studio.models import RenderJob, Video

_SHOWN = {
    RenderJob.Status.QUEUED: Video.Status.QUEUED,
    RenderJob.Status.RUNNING: Video.Status.RUNNING,
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
