"""The Deforum settings of a render: a preset, what the request says in its own words and in Deforum's, and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from config.api.errors import ValidationFailed
from studio.rendering.deforum.deprecations import modernised
from studio.rendering.deforum.settings import export_settings, import_settings
from studio.rendering.plan import DeforumParams, RenderPlan
from studio.requests.parsing import with_values
from studio.requests.types import DeforumRequest, Request, parameters_of
from studio.services.catalogue import models as catalogue
from studio.services.catalogue.models import preset_settings
from studio.services.videos.file_parameters import without_gaps

UPLOADED_PICTURE = "uploaded picture"
"""The name by which Deforum settings mean the first frame of what was uploaded."""
PROMPT_REQUIRED = "The prompt field is required."

# Deforum's own default diffuses every tenth frame, which a short clip at a small size does not forgive.
_STUDIO_DEFAULTS = {"diffusion_cadence": "0:(2)"}


def said_settings(request: DeforumRequest) -> dict[str, object]:
    """What the request's preset and its settings say, in today's vocabulary."""
    preset = preset_settings(catalogue.find_named_preset(request.preset)) if request.preset else {}
    return {**modernised(preset), **modernised(request.schedules or {})}


def with_overrides(approved: Request, overrides: Mapping[str, Any]) -> Request:
    """An approved request with the checked values of a later one: a setting that changes there replaces an earlier
    parameter of the same meaning. Raises ValidationFailed.
    """
    if isinstance(approved, DeforumRequest):
        earlier, later = modernised(approved.schedules or {}), modernised(overrides.get("schedules") or {})
        changed = {name for name, value in later.items() if value != earlier.get(name)}
        outdated = [p.name for p in parameters_of(approved.workflow) if p.setting in changed]
        approved = replace(approved, **dict.fromkeys(outdated))
    return with_values(approved, overrides)


def animation_settings(
    request: DeforumRequest, before: RenderPlan | None, *, fps: Fraction, has_source: bool
) -> dict[str, object]:
    """All settings of a render. Its own parameters come before those in Deforum's words, these before the preset; an
    extension starts from what it extends. Raises ValidationFailed and PlanError.
    """
    # Who uploads a picture or a clip wants the animation to start from it.
    start = {"use_init": True, "init_image": UPLOADED_PICTURE} if has_source else {}
    asked: dict[str, object] = {**_STUDIO_DEFAULTS, **start}
    if before and isinstance(before.params, DeforumParams):
        asked |= before.params.settings
    if request.preset:
        asked |= modernised(preset_settings(catalogue.find_named_preset(request.preset), fps=fps))
    schedules = modernised(request.schedules or {})
    asked |= schedules
    prompt = request.prompt
    if prompt and prompt not in _texts(schedules.get("prompts")):
        asked["prompts"] = {"0": prompt}
    if request.negative_prompt:
        asked["animation_prompts_negative"] = request.negative_prompt
    if request.cfg_scale is not None:
        asked["cfg_scale_schedule"] = f"0:({request.cfg_scale})"
    if request.denoising is not None:
        asked["strength_schedule"] = f"0:({1 - request.denoising:.6f})"
    asked["steps"] = request.steps
    if not asked.get("prompts"):
        raise ValidationFailed({"prompt": [PROMPT_REQUIRED]})
    settings, unknown = import_settings(without_gaps(asked, units=len(request.controlnet or ())))
    refused = sorted(set(unknown) & set(schedules))
    if refused:
        raise ValidationFailed({f"schedules.{key}": ["This is no Deforum setting."] for key in refused})
    return export_settings(settings)


def _texts(prompts: object) -> tuple[object, ...]:
    """The texts of keyframed prompts: a request that repeats one of them as its prompt only names the render."""
    return tuple(prompts.values()) if isinstance(prompts, Mapping) else ()
