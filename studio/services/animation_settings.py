"""The Deforum settings of a render: a preset, what the request says in its own words and in Deforum's, and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from config.api.errors import ValidationFailed
from studio.rendering.deforum.deprecations import modernised
from studio.rendering.deforum.settings import export_settings, import_settings
from studio.rendering.plan import DeforumParams, RenderPlan
from studio.services import catalogue
from studio.services.catalogue import preset_settings
from studio.services.file_parameters import without_gaps

UPLOADED_PICTURE = "uploaded picture"
"""The name by which Deforum settings mean the first frame of what was uploaded."""
PROMPT_REQUIRED = "The prompt field is required."

# Deforum's own default diffuses every tenth frame, which a short clip at a small size does not forgive.
_STUDIO_DEFAULTS = {"diffusion_cadence": "0:(2)"}
# One wish in the request's words and in Deforum's.
_SAME_WISH = {
    "prompt": "prompts",
    "negative_prompt": "animation_prompts_negative",
    "cfgScale": "cfg_scale_schedule",
    "denoising": "strength_schedule",
    "steps": "steps",
    "scheduler": "sampler",
    "fps": "fps",
    "length": "max_frames",
}


def said_settings(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What the request's preset and its settings say, in today's vocabulary."""
    preset = preset_settings(catalogue.find_named_preset(parameters["preset"])) if parameters.get("preset") else {}
    return {**modernised(preset), **modernised(parameters.get("schedules") or {})}


def with_overrides(before: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A render's parameters with a later request's: a setting that changes there replaces an earlier parameter of the
    same meaning.
    """
    kept = dict(before)
    earlier, later = (modernised(said.get("schedules") or {}) for said in (before, overrides))
    for parameter, setting in _SAME_WISH.items():
        if setting in later and later[setting] != earlier.get(setting):
            kept.pop(parameter, None)
    return {**kept, **overrides}


def animation_settings(
    parameters: Mapping[str, Any], before: RenderPlan | None, *, fps: Fraction, has_source: bool
) -> dict[str, Any]:
    """All settings of a render. Its own parameters come before those in Deforum's words, these before the preset; an
    extension starts from what it extends. Raises ValidationFailed and PlanError.
    """
    # Who uploads a picture or a clip wants the animation to start from it.
    start = {"use_init": True, "init_image": UPLOADED_PICTURE} if has_source else {}
    asked: dict[str, Any] = {**_STUDIO_DEFAULTS, **start}
    if before and isinstance(before.params, DeforumParams):
        asked |= before.params.settings
    if parameters.get("preset"):
        asked |= modernised(preset_settings(catalogue.find_named_preset(parameters["preset"]), fps=fps))
    schedules = modernised(parameters.get("schedules") or {})
    asked |= schedules
    prompt = parameters.get("prompt")
    if prompt and prompt not in _texts(schedules.get("prompts")):
        asked["prompts"] = {"0": prompt}
    if parameters.get("negative_prompt"):
        asked["animation_prompts_negative"] = parameters["negative_prompt"]
    if "cfgScale" in parameters:
        asked["cfg_scale_schedule"] = f"0:({parameters['cfgScale']})"
    if "denoising" in parameters:
        asked["strength_schedule"] = f"0:({1 - parameters['denoising']:.6f})"
    asked["steps"] = parameters["steps"]
    if not asked.get("prompts"):
        raise ValidationFailed({"prompt": [PROMPT_REQUIRED]})
    settings, unknown = import_settings(without_gaps(asked, units=len(parameters.get("controlnet") or ())))
    refused = sorted(set(unknown) & set(schedules))
    if refused:
        raise ValidationFailed({f"schedules.{key}": ["This is no Deforum setting."] for key in refused})
    return export_settings(settings)


def _texts(prompts: Any) -> tuple[Any, ...]:
    """The texts of keyframed prompts: a request that repeats one of them as its prompt only names the render."""
    return tuple(prompts.values()) if isinstance(prompts, Mapping) else ()
