"""What a settings file asks for and a render does not follow as it stands, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from studio.rendering.deforum.mask_language import MaskSyntaxError, parse_mask
from studio.rendering.deforum.samplers import scheduler_of
from studio.rendering.deforum.settings import DeforumSettings
from studio.rendering.deforum.usage import unused_settings
from studio.rendering.errors import PlanError
from studio.requests.types import DEFAULT_FPS, MAX_FPS
from studio.services.catalogue import models as catalogue
from studio.services.videos.animation_settings import UPLOADED_PICTURE
from studio.services.videos.file_parameters import (
    control_units,
    fitting_size,
    most_frames,
    too_long,
    unknown_sampler,
)

Refusal = tuple[Mapping[str, object], dict[str, str]]
"""Settings and what stands for them instead (None: nothing), and the reasons by setting."""

_NO_FILES = "Files that a settings file names are not fetched: upload the picture or clip as the video's source."
_FLOWS = ("optical_flow_cadence", "optical_flow_redo_generation", "hybrid_flow_method")


def not_taken(settings: DeforumSettings, said: Mapping[str, object]) -> Refusal:
    """The changes to what the file ``said`` that make it renderable, and why. ``settings`` are those of the file."""
    changes: dict[str, object] = {}
    reasons: dict[str, str] = {}
    for check in (_numbers, _files, _methods, _controlnets, _loras):
        for changed, reason in check(settings, said):
            changes |= changed
            reasons |= reason
    return changes, reasons


def _numbers(settings: DeforumSettings, said: Mapping[str, object]) -> Iterator[Refusal]:
    fps = Fraction(str(settings.fps))
    if settings.fps > MAX_FPS:
        yield {"fps": None}, {"fps": f"fps: at most {MAX_FPS}"}
        fps = DEFAULT_FPS
    if settings.max_frames > most_frames(fps):
        yield {"max_frames": None}, {"max_frames": too_long(fps)}
    if said.get("seed") is not None and settings.seed == 0:
        yield {"seed": None}, {"seed": "seed: 0 stands for a drawn seed here"}
    if "sampler" in said and scheduler_of(settings.sampler) is None:
        yield {"sampler": None}, {"sampler": unknown_sampler(settings.sampler)}
    model = catalogue.checkpoints().order_by("-is_default", "id").first()
    if model and ("W" in said or "H" in said):
        size = fitting_size(settings.W, settings.H, model.max_pixels)
        if size != (settings.W, settings.H):
            reason = f"the standard model renders {size[0]} x {size[1]} instead of {settings.W} x {settings.H}"
            yield {}, {name: f"{name}: {reason}" for name in ("W", "H") if name in said}


def _files(settings: DeforumSettings, said: Mapping[str, object]) -> Iterator[Refusal]:
    # Where a file names none, the public extension takes its own sample pictures.
    known = (UPLOADED_PICTURE,)
    # Without the setting itself, so that an uploaded picture is what the animation starts from.
    if settings.starts_from_image and settings.init_image not in known:
        yield {"use_init": None, "init_image": None}, {"init_image": f"init_image: {_NO_FILES}"}
    if settings.masks_by_alpha and settings.init_image not in known:
        yield {"use_mask": None, "use_alpha_as_mask": None}, {"use_alpha_as_mask": f"use_alpha_as_mask: {_NO_FILES}"}
    elif settings.use_mask_video:
        yield {"use_mask_video": None}, {"video_mask_path": "video_mask_path: mask videos are not offered"}
    elif settings.use_mask and not settings.use_alpha_as_mask and settings.mask_file not in known:
        yield {"use_mask": None, "mask_file": None}, {"mask_file": f"mask_file: {_NO_FILES}"}
    if settings.color_coherence == "Image" and settings.color_coherence_image_path not in known:
        reason = f"color_coherence_image_path: {_NO_FILES}"
        changes = {"color_coherence": None, "color_coherence_image_path": None}
        yield changes, {"color_coherence_image_path": reason}
    if settings.use_looper and not (
        set(settings.init_images.values()) and set(settings.init_images.values()) <= set(known)
    ):
        yield {"use_looper": None, "init_images": None}, {"init_images": f"init_images: {_NO_FILES}"}
    if settings.needs_source and said.get("video_init_path"):
        yield {"video_init_path": None}, {"video_init_path": f"video_init_path: {_NO_FILES}"}
    for field, switch in (("mask_schedule", "use_mask"), ("noise_mask_schedule", "use_noise_mask")):
        if field not in unused_settings(settings) and _names_files(getattr(settings, field)):
            yield {switch: None, field: None}, {field: f"{field}: {_NO_FILES}"}


def _names_files(schedule: str) -> bool:
    try:
        return any(name != UPLOADED_PICTURE for name in parse_mask(schedule.partition(":")[2].strip(" (\"')")).files)
    except MaskSyntaxError:
        return "[" in schedule and f"[{UPLOADED_PICTURE}]" not in schedule


def _methods(settings: DeforumSettings, said: Mapping[str, object]) -> Iterator[Refusal]:
    unused = unused_settings(settings)
    for field in _FLOWS:
        if field not in unused and getattr(settings, field) == "RAFT":
            yield {field: "DIS Fine"}, {field: f"{field}: RAFT is not offered, DIS Fine stands for it"}


def _controlnets(settings: DeforumSettings, said: Mapping[str, object]) -> Iterator[Refusal]:
    for index, unit in enumerate(settings.controlnets, start=1):
        if not unit.enabled:
            continue
        try:
            control_units(DeforumSettings(controlnets=settings.controlnets[index - 1 : index]))
        except PlanError as error:
            reason = error.message.replace("cn_1_model:", f"cn_{index}_enabled:")
            yield {f"cn_{index}_enabled": None}, {f"cn_{index}_enabled": reason}


def _loras(settings: DeforumSettings, said: Mapping[str, object]) -> Iterator[Refusal]:
    missing = catalogue.missing_loras(" ".join(settings.prompts.values())) if "prompts" in said else set()
    if missing:
        prompts = {frame: catalogue.without_loras(text, missing) for frame, text in settings.prompts.items()}
        names = ", ".join(sorted(missing))[:200]
        yield {"prompts": prompts}, {"prompts": f"prompts: these LoRAs are not installed: {names}"}
