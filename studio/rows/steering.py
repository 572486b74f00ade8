"""What the API says of a render that is steered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, NotRequired, TypedDict

from django.utils import timezone

from accounts.models import User
from config.platform.links import Absolute
from studio.models import RenderJob, Steering, SteeringCommand
from studio.rendering.deforum.steering.commands import KINDS
from studio.rendering.deforum.steering.easing import EASINGS
from studio.rendering.deforum.steering.table import STEERABLE, Steerable
from studio.rows.links import frame_link
from studio.services.jobs.live_frames import has_frame
from studio.services.steering.commands import steerable_in
from studio.services.steering.pictures import kept_thumbnails, reel_url
from studio.services.steering.records import Record, frame_records, newest_record


class ParameterRow(TypedDict):
    name: Annotated[str, "The setting's."]
    label: str
    group: str
    axis: Annotated[str, "What a pad or a stick moves with it."]
    unit: str
    low: Annotated[float, "In the default mode."]
    high: float
    step: float
    whole: bool
    modes: list[str]
    default_mode: str
    ranges: Annotated[dict[str, list[float]], "Lowest and highest, by mode."]
    choices: Annotated[list[str], "Of one that is no number."]


class SteeringTable(TypedDict):
    parameters: list[ParameterRow]
    kinds: Annotated[list[str], "What can be commanded."]
    easings: Annotated[dict[str, list[float]], "Timing curves: x1, y1, x2, y2."]


def steering_table() -> SteeringTable:
    """All that any animation can be steered by."""
    return {
        "parameters": [_parameter(parameter) for parameter in STEERABLE.values()],
        "kinds": list(KINDS),
        "easings": {name: list(points) for name, points in EASINGS.items()},
    }


def _parameter(parameter: Steerable) -> ParameterRow:
    row = parameter.row()
    return {
        **row,
        "modes": list(row["modes"]),
        "ranges": {mode: list(bounds) for mode, bounds in row["ranges"].items()},
    }


class ControllerRow(TypedDict):
    held: Annotated[bool, "False: handed over, and not taken yet."]
    mine: Annotated[bool, "One of the caller's pages has the controls."]
    name: str
    expires_at: datetime


class SteeringRow(TypedDict):
    """All that a console shows of a render, whenever it comes or comes back."""

    job_id: int
    videoId: int
    job_status: Annotated[str, RenderJob.Status]
    purpose: Annotated[str, RenderJob.Purpose]
    paused: bool
    frame: Annotated[int | None, "The newest frame."]
    frames_done: int
    frames_total: int
    estimated_time_left: Annotated[int | None, "Seconds."]
    error: str | None
    last_number: Annotated[int, "Of the newest command."]
    parameters: Annotated[list[str], "The parameters that this animation looks at."]
    live: Annotated[dict[str, Any], "By parameter: mode, value, target, frames_left."]
    effective: Annotated[dict[str, Any], "What the newest frame was made with."]
    prompt: dict[str, Any]
    bindings: dict[str, Any]
    snapshots: list[str]
    loop: dict[str, int] | None
    controller: ControllerRow | None
    frame_url: str | None


def steering_row(job: RenderJob, user: User, absolute: Absolute) -> SteeringRow:
    """The snapshot of a render that can be steered, as it is now; in the job's tenant."""
    steering = Steering.objects.filter(job=job).select_related("controller").first()
    state: Mapping[str, Any] = steering.state if steering else {}
    newest, names = newest_record(job), steerable_in(job)
    return {
        "job_id": job.pk,
        "videoId": job.video_id,
        "job_status": job.status,
        "purpose": job.purpose,
        "paused": job.status == RenderJob.Status.PAUSED or (job.is_active and bool(state.get("paused"))),
        "frame": newest.get("frame", job.frames_done - 1 if job.frames_done else None),
        "frames_done": job.frames_done,
        "frames_total": job.frames_total,
        "estimated_time_left": None if job.eta_seconds is None else round(job.eta_seconds),
        "error": job.error or None,
        "last_number": steering.last_number if steering else 0,
        "parameters": list(names),
        "live": state.get("live", {}),
        "effective": {name: newest[name] for name in (*names, "seed") if name in newest},
        "prompt": state.get("prompt", {}),
        "bindings": state.get("bindings", {}),
        "snapshots": state.get("snapshots", []),
        "loop": state.get("loop"),
        "controller": _controller(steering, user),
        "frame_url": frame_link(job, absolute) if has_frame(job) else None,
    }


def _controller(steering: Steering | None, user: User) -> ControllerRow | None:
    if steering is None or steering.controller is None or steering.expires_at is None:
        return None
    if steering.expires_at <= timezone.now():
        return None
    return {
        "held": not steering.offered,
        "mine": steering.controller_id == user.pk and not steering.offered,
        "name": steering.controller.name,
        "expires_at": steering.expires_at,
    }


class GrantRow(TypedDict):
    token: Annotated[str | None, "Sent with every command; null when the controls were given away."]
    expires_at: datetime | None


class CommandRow(TypedDict):
    number: int
    kind: str
    body: dict[str, object]
    state: Annotated[str, SteeringCommand.State]
    applied_at_frame: Annotated[int | None, "The first frame that it took effect at."]
    effective: Annotated[dict[str, Any] | None, "What holds since."]
    refused: Annotated[str | None, "Why nothing came of it."]
    created_at: datetime


def command_row(command: SteeringCommand) -> CommandRow:
    return {
        "number": command.number,
        "kind": command.kind,
        "body": command.body,
        "state": command.state,
        "applied_at_frame": command.applied_at_frame,
        "effective": command.effective,
        "refused": command.refused or None,
        "created_at": command.created_at,
    }


class FrameRow(TypedDict):
    """Also every value that the frame was made with, by the name of its setting."""

    frame: int
    seed: NotRequired[int]
    diffused: NotRequired[Annotated[bool, "Not merely moved from the one before."]]
    prompts: NotRequired[list[object]]
    negative_prompt: NotRequired[str]
    thumbnail_url: Annotated[str | None, "Needs no token; null without a picture, 404 when there is none any more."]


def frame_rows(job: RenderJob, start: int, count: int, absolute: Absolute) -> list[Record]:
    """The frames' records, each with a link to its picture."""
    reel = absolute(reel_url(job))
    records = frame_records(job, start=start, count=count)
    kept = kept_thumbnails(job.pk, [record["frame"] for record in records])
    return [
        {**record, "thumbnail_url": f"{reel}/{record['frame']}" if record["frame"] in kept else None}
        for record in records
    ]
