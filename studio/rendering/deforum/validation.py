"""What is checked when a render is submitted: every schedule at every frame, and everything the settings refer to."""

from __future__ import annotations

from collections.abc import Collection

from studio.rendering.deforum.mask_language import MaskSyntaxError, parse_mask
from studio.rendering.deforum.parameters import FrameParameters, frame_table
from studio.rendering.deforum.samplers import scheduler_of
from studio.rendering.deforum.settings import DeforumSettings
from studio.rendering.deforum.usage import unused_settings
from studio.rendering.errors import PlanError

MAX_FRAMES = 14_400
"""Frames of one animation, however often it was extended: ten minutes at 24 a second."""


def validate(
    settings: DeforumSettings,
    frame_count: int,
    *,
    seed: int = 0,
    loras: Collection[str] | None = None,
    assets: Collection[str] | None = None,
    has_source: bool | None = None,
    has_mask_video: bool | None = None,
) -> list[FrameParameters]:
    """Check that ``settings`` can be rendered and return their frame-parameter table.

    ``loras`` are the LoRA names a prompt may use and ``assets`` the file names that are at hand; None (also for
    ``has_source`` and ``has_mask_video``) leaves that to the caller. Raises PlanError with the field, and for
    schedules the frame.
    """
    if frame_count < 1:
        raise PlanError("max_frames", "max_frames: at least 1 frame")
    if frame_count > MAX_FRAMES:
        raise PlanError("max_frames", f"max_frames: at most {MAX_FRAMES} frames")
    table = frame_table(settings, frame_count=frame_count, seed=seed)
    _check_flow(settings)
    _check_samplers(settings, table)
    _check_files(settings, table, assets, has_source, has_mask_video)
    if loras is not None:
        for row in table:
            for name in row.prompt.loras:
                if name not in loras:
                    raise PlanError("prompts", f"prompts: frame {row.frame}: unknown LoRA {name[:80]!r}")
    return table


def _check_flow(settings: DeforumSettings) -> None:
    unused = unused_settings(settings)
    for field in ("optical_flow_cadence", "optical_flow_redo_generation", "hybrid_flow_method"):
        if field not in unused and getattr(settings, field) == "RAFT":
            raise PlanError(field, f"{field}: RAFT is not offered; choose DIS Medium, DIS Fine or Farneback")


def _check_samplers(settings: DeforumSettings, table: list[FrameParameters]) -> None:
    if not settings.enable_sampler_scheduling:
        return
    for sampler, frame in _first_frames(table, "sampler_schedule").items():
        if scheduler_of(sampler) is None:
            raise PlanError("sampler_schedule", f"sampler_schedule: frame {frame}: unknown sampler {sampler[:40]!r}")


def _first_frames(table: list[FrameParameters], name: str) -> dict[str, int]:
    """Each text of a schedule and the first frame that has it."""
    found: dict[str, int] = {}
    for row in table:
        found.setdefault(row.names[name], row.frame)
    return found


def _check_files(
    settings: DeforumSettings,
    table: list[FrameParameters],
    assets: Collection[str] | None,
    has_source: bool | None,
    has_mask_video: bool | None,
) -> None:
    if settings.needs_source and has_source is False:
        raise PlanError("video_init_path", "video_init_path: these settings need a source video")
    if settings.use_mask_video and has_mask_video is False:
        raise PlanError("video_mask_path", "video_mask_path: the mask video is missing")
    if settings.starts_from_image and not settings.init_image:
        raise PlanError("init_image", "init_image: use_init needs an image")
    if settings.use_mask and not settings.use_mask_video and not (settings.mask_file or settings.use_alpha_as_mask):
        raise PlanError("mask_file", "mask_file: use_mask needs an image")
    if settings.masks_by_alpha and not settings.init_image:
        raise PlanError("init_image", "init_image: use_alpha_as_mask needs an image")
    if settings.is_animated and settings.color_coherence == "Image" and not settings.color_coherence_image_path:
        raise PlanError(
            "color_coherence_image_path", "color_coherence_image_path: colour coherence by image needs an image"
        )
    files = {*settings.asset_names, *_mask_files(settings, table)}
    missing = sorted(files - set(assets)) if assets is not None else []
    if missing:
        raise PlanError("assets", f"assets: {missing[0][:80]!r} is named in the settings and was not sent")


def _mask_files(settings: DeforumSettings, table: list[FrameParameters]) -> list[str]:
    """What the mask schedules name."""
    files: list[str] = []
    masked = settings.use_mask or settings.use_mask_video
    unused = unused_settings(settings)
    for field in ("mask_schedule", "noise_mask_schedule"):
        for text, frame in _first_frames(table, field).items() if field not in unused else ():
            try:
                mask = parse_mask(text)
            except MaskSyntaxError as error:
                raise PlanError(field, f"{field}: frame {frame}: {error}") from None
            if "video_mask" in mask.variables and not masked:
                raise PlanError(field, f"{field}: {{video_mask}} needs use_mask or use_mask_video")
            files += mask.files
    return files
