"""Films that become longer or shorter than was asked for, and what that costs."""

from __future__ import annotations

from dataclasses import replace

from config.api.errors import ValidationFailed
from studio.models import RenderJob
from studio.rendering.deforum.settings import import_settings
from studio.rendering.deforum.validation import validate
from studio.rendering.errors import PlanError
from studio.rendering.plan import DeforumParams, RenderPlan
from studio.services.jobs.charges import part_price, render_price
from studio.services.videos.file_parameters import most_frames


def check_extension(job: RenderJob, frames: int) -> None:
    """Every schedule has a value at the new frames, too. Raises ValidationFailed."""
    plan = RenderPlan.from_json(job.plan)
    assert isinstance(plan.params, DeforumParams)
    _ensure_allowed(job, plan, frames)
    settings, _ = import_settings(plan.params.settings)
    try:
        validate(settings, job.frames_total + frames, seed=plan.seed)
    except PlanError as error:
        raise ValidationFailed({"frames": [error.message]}) from error


def extend(job: RenderJob, *, frames: int) -> int:
    """In the transaction that has the job's row: so many frames more. Answers what they cost, which the caller holds
    last.

    Raises ValidationFailed for more than the longest render has.
    """
    _ensure_allowed(job, RenderPlan.from_json(job.plan), frames)
    _set_length(job, job.frames_total + frames)
    return render_price(model_file=job.model_file, purpose=job.purpose, frames=frames)


def take_back_extension(job: RenderJob, *, frames: int) -> None:
    """In the transaction that has the job's row: nothing came of it after all."""
    _set_length(job, job.frames_total - frames)


def settle_length(job: RenderJob, frames: int, *, price: int) -> int:
    """In the transaction that completes the render: the film has so many frames. Answers what they cost, where all of
    them cost ``price``.

    The plan is that of the film, which others may be made from.
    """
    plan, price = RenderPlan.from_json(job.plan), part_price(job, frames, price=price)
    if frames == job.frames_done == job.frames_total == plan.frames_to_render:
        return price
    if plan.frame_limit is None or frames > plan.frame_count:
        plan = replace(plan, frame_count=frames)
    job.plan = replace(plan, frame_limit=plan.frame_limit and frames).to_json()
    job.frames_done = job.frames_total = frames
    job.save(update_fields=["plan", "frames_done", "frames_total"])
    return price


def _ensure_allowed(job: RenderJob, plan: RenderPlan, frames: int) -> None:
    if job.purpose != RenderJob.Purpose.FINAL:
        raise ValidationFailed({"frames": ["A preview has the frames that it was asked for; the final can be longer."]})
    most, own = most_frames(plan.rate), job.frames_total - job.frames_before
    if own + frames > most:
        raise ValidationFailed({"frames": [f"A render has {most} frames at most, and this one has {own}."]})


def _set_length(job: RenderJob, frames: int) -> None:
    job.frames_total = frames
    RenderJob.objects.filter(pk=job.pk).update(frames_total=frames)
