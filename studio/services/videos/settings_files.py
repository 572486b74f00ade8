"""Deforum settings files: read one that the public extension saved, write one that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from config.api.errors import NotFound, ValidationFailed
from studio.models import ModelFile, RenderJob, Video
from studio.rendering.deforum.deprecations import modernised_file
from studio.rendering.deforum.samplers import sampler_of
from studio.rendering.deforum.settings import export_settings, import_settings
from studio.rendering.deforum.validation import validate
from studio.rendering.errors import PlanError
from studio.rendering.plan import DeforumParams, RenderPlan
from studio.services.blocked_phrases import refuse_blocked
from studio.services.catalogue import models as catalogue
from studio.services.videos.file_parameters import most_frames
from studio.services.videos.not_taken import not_taken
from studio.services.videos.said import said_by_settings


@dataclass(frozen=True)
class SettingsFile:
    """A settings file that was read."""

    settings: dict[str, object]
    """What the file says and a render follows, in today's vocabulary: no default is filled in."""
    unknown: list[str]
    """Keys that mean nothing here."""
    not_taken: dict[str, str]
    """Settings that a render does not follow as they stand, each with the reason."""


def read_settings_file(content: Mapping[str, object]) -> SettingsFile:
    """Read a file of any version, every schedule that its mode uses checked at every frame. Raises ValidationFailed
    naming the setting, and DomainError ``prompt_refused``.
    """
    content = modernised_file(content)
    try:
        whole, unknown = import_settings(content)
        changes, reasons = not_taken(whole, content)
        said = {key: value for key, value in {**content, **changes}.items() if value is not None}
        settings, _ = import_settings(said)
        frames = min(settings.max_frames, most_frames(Fraction(str(settings.fps))))
        validate(settings, frames, seed=max(0, settings.seed))
    except PlanError as error:
        raise ValidationFailed({error.field: [error.message]}) from error
    exported = export_settings(settings)
    refuse_blocked(said_by_settings(exported))
    return SettingsFile({key: exported[key] for key in exported if key in said}, unknown, reasons)


def write_settings_file(video: Video) -> dict[str, object]:
    """The settings of the video's newest Deforum render, its size, length, rate, seed, sampler and ControlNets
    included: read again they make the same plan.
    """
    job = RenderJob.objects.filter(video=video, workflow=Video.Type.DEFORUM).first()
    if job is None:
        raise NotFound("This video has no deforum render")
    plan = RenderPlan.from_json(job.plan)
    assert isinstance(plan.params, DeforumParams)
    return settings_file(plan, plan.params.settings, frames=plan.frame_count)


def settings_file(plan: RenderPlan, settings: Mapping[str, Any], *, frames: int) -> dict[str, object]:
    """What of a plan stands beside its settings in a file, added to these."""
    assert isinstance(plan.params, DeforumParams)
    settings = {key: value for key, value in settings.items() if key != "sampler"}
    if plan.model.scheduler:
        settings["sampler"] = sampler_of(plan.model.scheduler)
    settings["prompts"] = _with_catalogue_names(settings["prompts"], plan)
    for index, unit in enumerate(plan.params.controlnets, start=1):
        if not settings[f"cn_{index}_enabled"]:
            settings |= {
                f"cn_{index}_enabled": True,
                f"cn_{index}_weight": f"0: ({unit.weight!r})",
                f"cn_{index}_guidance_start": f"0: ({unit.start!r})",
                f"cn_{index}_guidance_end": f"0: ({unit.end!r})",
            }
        settings |= {f"cn_{index}_module": unit.kind, f"cn_{index}_model": unit.kind}
    return {
        **settings,
        "W": plan.width,
        "H": plan.height,
        "fps": float(plan.rate),
        "max_frames": frames,
        "seed": plan.seed,
        "steps": plan.model.steps,
    }


def _with_catalogue_names(prompts: dict[str, str], plan: RenderPlan) -> dict[str, str]:
    """Prompts whose LoRA tags name catalogue entries again instead of files."""
    if not plan.params.loras:
        return prompts
    slugs = {
        catalogue.model_path(lora).stem: lora.slug
        for lora in ModelFile.objects.filter(model_type="lora")
        if str(catalogue.model_path(lora)) in {spec.location for spec in plan.params.loras}
    }
    for stem in {Path(spec.location).stem for spec in plan.params.loras} & set(slugs):
        prompts = {
            frame: text.replace(f"<lora:{stem}:", f"<lora:{slugs[stem]}:").replace(
                f"<lora:{stem}>", f"<lora:{slugs[stem]}>"
            )
            for frame, text in prompts.items()
        }
    return prompts
