"""How a render stands, for whoever watches it."""

from __future__ import annotations

from typing import Any, TypedDict

from config.platform.links import Absolute
from studio.models import RenderJob
from studio.rows.links import frame_link
from studio.services.jobs.states import last_frame


class WatchedRow(TypedDict):
    job_id: int
    videoId: int
    job_status: str
    purpose: str
    paused: bool
    frame: int | None
    frames_done: int
    frames_total: int
    estimated_time_left: int | None
    last_number: int
    parameters: list[str]
    live: dict[str, Any]
    effective: dict[str, Any]
    prompt: dict[str, Any]
    bindings: dict[str, Any]
    snapshots: list[str]
    loop: dict[str, int] | None
    controller: dict[str, Any] | None
    frame_url: str | None
    error: str | None


def watched_row(job: RenderJob, absolute: Absolute) -> WatchedRow:
    return {
        "job_id": job.pk,
        "videoId": job.video_id,
        "job_status": job.status,
        "purpose": job.purpose,
        "paused": job.status == RenderJob.Status.PAUSED,
        "frame": last_frame(job.frames_done),
        "frames_done": job.frames_done,
        "frames_total": job.frames_total,
        "estimated_time_left": None if job.eta_seconds is None else round(job.eta_seconds),
        "last_number": 0,
        "parameters": [],
        "live": {},
        "effective": {},
        "prompt": {},
        "bindings": {},
        "snapshots": [],
        "loop": None,
        "controller": None,
        "frame_url": frame_link(job, absolute),
        "error": job.error or None,
    }
