"""A render shown to whoever watches it: pictures, what they were made with, what is live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.platform.events import publish_job
from studio.models import RenderJob, Steering
from studio.rendering.deforum.steering.table import STEERABLE
from studio.services.jobs.live_frames import show_frame
from studio.services.steering.pictures import cut_thumbnails, reel_url
from studio.services.steering.state import shown_state


def effective_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Of a frame's record, what can be steered."""
    return {name: record[name] for name in (*STEERABLE, "seed") if name in record}


def show_made(job: RenderJob, index: int, record: Mapping[str, Any], preview: bytes | None) -> None:
    """Tell of a frame, whose preview is kept if there is one. Raises RedisError: without Redis nobody sees it."""
    show_frame(
        job,
        index,
        preview,
        thumbnail_url=f"{reel_url(job)}/{index}",
        seed=record.get("seed"),
        effective=effective_of(record),
    )


def show_rewind(job: RenderJob, count: int, had: int) -> None:
    """Only the first ``count`` of the ``had`` frames are left. Raises RedisError."""
    publish_job(job.pk, "rewind", {"frame": count - 1})
    cut_thumbnails(job.pk, count, had)


def show_pause(job: RenderJob, frames_done: int, *, paused: bool) -> None:
    """The render stands, its worker still with it, or goes on."""
    told = {
        "job_status": job.status,
        "paused": paused,
        "error": None,
        "frames_done": frames_done,
        "frames_total": job.frames_total,
    }
    publish_job(job.pk, "state", told)


def keep_state(job: RenderJob, state: Mapping[str, Any]) -> None:
    """What is live, for whoever asks how the render stands."""
    known = Steering.objects.filter(job=job).update(state=state)
    if not known and state != shown_state(None):
        Steering.objects.get_or_create(job=job, defaults={"tenant_id": job.tenant_id, "state": state})
