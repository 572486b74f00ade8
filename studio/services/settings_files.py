"""Deforum settings files: read one that the public extension saved, write one that it reads."""

from __future__ import annotations

from typing import Any

from config.api.errors import NotFound, ValidationFailed
from studio.models import RenderJob, Video
from studio.rendering.deforum.settings import export_settings, import_settings
from studio.rendering.deforum.validation import validate
from studio.rendering.errors import PlanError
from studio.rendering.plan import DeforumParams, RenderPlan


def read_settings_file(content: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The settings we understand, every schedule checked at every frame, and the keys we don't. Raises ValidationFailed
    naming the setting.
    """
    try:
        settings, unknown = import_settings(content)
        validate(settings, settings.max_frames, seed=max(0, settings.seed))
    except PlanError as error:
        raise ValidationFailed({error.field: [error.message]}) from error
    return export_settings(settings), unknown


def write_settings_file(video: Video) -> dict[str, Any]:
    """The settings of the video's newest Deforum render, its size, length, rate and seed included."""
    job = RenderJob.objects.filter(video=video, workflow=Video.Type.DEFORUM).first()
    if job is None:
        raise NotFound("This video has no deforum render")
    plan = RenderPlan.from_json(job.plan)
    assert isinstance(plan.params, DeforumParams)
    return {
        **plan.params.settings,
        "W": plan.width,
        "H": plan.height,
        "fps": float(plan.rate),
        "max_frames": plan.frame_count,
        "seed": plan.seed,
    }
