"""What can be known to be wrong with a plan before any GPU time is spent on it."""

from __future__ import annotations

from collections.abc import Collection

from studio.rendering.deforum.generations import lora_name
from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.settings import DeforumSettings, import_settings
from studio.rendering.deforum.validation import validate
from studio.rendering.diffusion.emphasis import PromptSyntaxError, check_prompt
from studio.rendering.errors import PlanError
from studio.rendering.media.probe import MediaInfo
from studio.rendering.plan import MAX_SEED, DeforumParams, RenderPlan, Vid2VidParams
from studio.rendering.plan_needs import check_needs

MIN_SIDE = 16
MAX_SIDE = 8192
MAX_FPS = 240
MAX_FRAMES = 1_000_000
MAX_PROMPT = 10_000
"""Characters: far more than any text encoder reads."""


def validate_plan(
    plan: RenderPlan, *, source_info: MediaInfo | None, assets: Collection[str] = (), has_mask_video: bool = False
) -> None:
    """Raise PlanError or ModelError, naming the field, unless ``plan`` can be rendered from this source.

    ``assets`` are the file names that the render will be given for the images its Deforum settings name, and
    ``has_mask_video`` says whether it is given a mask video.
    """
    _check_frames(plan)
    if isinstance(plan.params, Vid2VidParams):
        _check_vid2vid(plan, plan.params, source_info)
        check_needs(plan, None, ())
    else:
        check_needs(plan, *_check_deforum(plan, plan.params, source_info, assets, has_mask_video))


def _check_frames(plan: RenderPlan) -> None:
    for name, side in (("width", plan.width), ("height", plan.height)):
        _require(MIN_SIDE <= side <= MAX_SIDE, name, f"{name}: {MIN_SIDE} to {MAX_SIDE} pixels")
        _require(side % 2 == 0, name, f"{name}: an even number of pixels")
    _require(0 < plan.rate <= MAX_FPS, "fps", f"fps: above 0, at most {MAX_FPS}")
    _require(1 <= plan.frame_count <= MAX_FRAMES, "frame_count", f"frame_count: 1 to {MAX_FRAMES}")
    _require(plan.frame_limit is None or plan.frame_limit >= 1, "frame_limit", "frame_limit: at least 1")
    _require(0 <= plan.seed <= MAX_SEED, "seed", f"seed: 0 to {MAX_SEED}")
    _require(plan.model.steps >= 1, "steps", "steps: at least 1")
    _require(plan.batch_size is None or plan.batch_size >= 1, "batch_size", "batch_size: at least 1")


def _check_vid2vid(plan: RenderPlan, params: Vid2VidParams, source: MediaInfo | None) -> None:
    _check_prompt("prompt", params.prompt)
    _check_prompt("negative_prompt", params.negative_prompt)
    _require(1 <= params.cfg_scale <= 50, "cfg_scale", "cfg_scale: 1 to 50")
    _require(0 < params.denoising <= 1, "denoising", "denoising: above 0, at most 1")
    _require(0 <= params.smoothing <= 0.7, "smoothing", "smoothing: 0 to 0.7")
    _require(params.start_frame >= 0, "start_frame", "start_frame: at least 0")
    if source is None or source.kind == "audio":
        raise PlanError("source", "The source has no picture to restyle.")
    if source.kind != "image":
        frames = source.frames_at(plan.rate)
        last = params.start_frame + plan.frame_count
        _require(last <= frames, "frame_count", f"frame_count: the source has {frames} frames at this rate, not {last}")


def _check_deforum(
    plan: RenderPlan, params: DeforumParams, source: MediaInfo | None, assets: Collection[str], has_mask_video: bool
) -> tuple[DeforumSettings, list[FrameParameters]]:
    settings, unknown = import_settings(params.settings)
    _require(not unknown, "schedules", f"schedules: no Deforum setting: {', '.join(unknown[:5])}")
    for text in (*settings.prompts.values(), settings.animation_prompts_positive, settings.animation_prompts_negative):
        _check_characters("prompt", text)
    table = validate(
        settings,
        plan.frame_count,
        seed=plan.seed,
        loras={lora_name(spec) for spec in params.loras},
        assets=assets,
        has_source=source is not None and source.kind != "audio",
        has_mask_video=has_mask_video,
    )
    return settings, table


def _check_prompt(field: str, text: str) -> None:
    _check_characters(field, text)
    try:
        check_prompt(text)
    except PromptSyntaxError as error:
        raise PlanError(field, f"{field}: {error}") from None


def _check_characters(field: str, text: str) -> None:
    _require(len(text) <= MAX_PROMPT, field, f"{field}: at most {MAX_PROMPT} characters")
    unprintable = next((c for c in text if ord(c) < 32 and c not in "\t\n\r"), None)
    _require(unprintable is None, field, f"{field}: contains a control character")


def _require(fulfilled: bool, field: str, message: str) -> None:
    if not fulfilled:
        raise PlanError(field, message)
