"""Which settings a render looks at, as its mode and its switches have it. What it never looks at is never refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.rendering.deforum.settings import DeforumSettings

_FLIP = ("perspective_flip_theta", "perspective_flip_phi", "perspective_flip_gamma", "perspective_flip_fv")
_PLANE = ("angle", "zoom", "transform_center_x", "transform_center_y", "border")
_SPACE = (
    "translation_z", "rotation_3d_x", "rotation_3d_y", "rotation_3d_z", "fov_schedule", "aspect_ratio_schedule",
    "padding_mode", "sampling_mode", "use_depth_warping",
)  # fmt: skip
_FRAME_FROM_FRAME = (
    "translation_x", "translation_y", "noise_schedule", "noise_type", "contrast_schedule", "amount_schedule",
    "kernel_schedule", "sigma_schedule", "threshold_schedule", "color_coherence", "legacy_colormatch",
    "diffusion_cadence", "optical_flow_cadence", "optical_flow_redo_generation", "diffusion_redo", "use_noise_mask",
    "hybrid_composite", "hybrid_motion", "use_init",
)  # fmt: skip
_PERLIN = ("perlin_w", "perlin_h", "perlin_octaves", "perlin_persistence")
_MASK = (
    "mask_schedule", "invert_mask", "mask_contrast_adjust", "mask_brightness_adjust", "overlay_mask",
    "mask_overlay_blur", "mask_file",
)  # fmt: skip
_LOOPER = (
    "init_images", "image_strength_schedule", "blendFactorMax", "blendFactorSlope", "tweening_frames_schedule",
)  # fmt: skip
_EXTRACT = ("extract_nth_frame", "extract_from_frame", "extract_to_frame")
_COMPOSITE = ("hybrid_comp_alpha_schedule", "hybrid_comp_mask_type")
_COMPOSITE_MASK = (
    "hybrid_comp_mask_inverse", "hybrid_comp_mask_equalize", "hybrid_comp_mask_auto_contrast",
    "hybrid_comp_mask_contrast_schedule",
)  # fmt: skip
_CUTOFFS = (
    "hybrid_comp_mask_auto_contrast_cutoff_high_schedule", "hybrid_comp_mask_auto_contrast_cutoff_low_schedule",
)  # fmt: skip
_FLOW = (
    "hybrid_flow_method", "hybrid_flow_consistency", "hybrid_consistency_blur", "hybrid_flow_factor_schedule",
)  # fmt: skip


def unused_settings(settings: DeforumSettings) -> frozenset[str]:
    """The names of the settings that a render with these never looks at."""
    return frozenset(name for unused, names in _switches(settings) if unused for name in names)


def _switches(s: DeforumSettings) -> Iterator[tuple[bool, tuple[str, ...]]]:
    mode = s.animation_mode
    still = not s.is_animated
    composited = not still and s.hybrid_composite != "None"
    masked = s.hybrid_comp_mask_type != "None"
    flow = not still and s.hybrid_motion == "Optical Flow"
    # Neither plane cuts anything off: the public extension's do not either.
    yield True, ("near_schedule", "far_schedule")
    yield mode != "2D", _PLANE
    yield mode != "2D" or not s.enable_perspective_flip, _FLIP
    yield mode != "3D", _SPACE
    yield still, _FRAME_FROM_FRAME
    yield still or s.noise_type != "perlin", _PERLIN
    yield mode == "Interpolation", ("strength_schedule", "noise_multiplier_schedule")
    yield not s.enable_steps_scheduling, ("steps_schedule",)
    yield not s.enable_sampler_scheduling, ("sampler_schedule",)
    yield not s.enable_noise_multiplier_scheduling, ("noise_multiplier_schedule",)
    yield not s.enable_subseed_scheduling, ("subseed_schedule", "subseed_strength_schedule")
    yield s.seed_behavior != "schedule" and not s.use_looper, ("seed_schedule",)
    yield s.seed_behavior != "iter" or s.use_looper, ("seed_iter_N",)
    yield still or s.optical_flow_cadence == "None", ("cadence_flow_factor_schedule",)
    yield still or s.optical_flow_redo_generation == "None", ("redo_flow_factor_schedule",)
    yield s.color_coherence != "Video Input", ("color_coherence_video_every_N_frames",)
    yield not (s.use_mask or s.use_mask_video), _MASK
    yield still or not s.use_noise_mask, ("noise_mask_schedule",)
    yield not s.use_looper, _LOOPER
    yield not s.needs_source, _EXTRACT
    yield not composited, _COMPOSITE
    yield not (composited and masked), _COMPOSITE_MASK
    yield not (composited and s.hybrid_comp_mask_type == "Blend"), ("hybrid_comp_mask_blend_alpha_schedule",)
    yield not (composited and masked and s.hybrid_comp_mask_auto_contrast), _CUTOFFS
    yield not flow, _FLOW
    yield still or s.hybrid_motion == "None", ("hybrid_motion_use_prev_img",)
    for index, unit in enumerate(s.controlnets, start=1):
        yield not unit.enabled, tuple(f"cn_{index}_{name}" for name in unit.__dataclass_fields__ if name != "enabled")
