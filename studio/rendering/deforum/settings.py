# ruff: noqa: RUF009 (every call is a dataclasses.field)
"""Deforum's settings in its own JSON vocabulary: the public extension's key names, defaults and meaning.

A settings file holds many keys that steer the extension's user interface and file handling; those mean nothing here and
:func:`import_settings` names them, together with keys nobody knows, instead of dropping them silently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from studio.rendering.deforum.deprecations import modernised
from studio.rendering.deforum.prompts import MAX_LENGTH as MAX_PROMPT
from studio.rendering.deforum.seeds import SEED_BEHAVIORS
from studio.rendering.deforum.usage import unused_settings
from studio.rendering.deforum.vocabulary import (
    Choice,
    Flag,
    Kind,
    Names,
    Series,
    Text,
    choice,
    flag,
    keyframes,
    names,
    number,
    series,
    text,
)
from studio.rendering.errors import PlanError
from studio.rendering.plan import MAX_SEED

CONTROLNET_UNITS = 5
_THRESHOLDS = ("low_threshold", "high_threshold")
MAX_LENGTH = 400_000
"""Characters of all settings together."""
FLOW_METHODS = ("RAFT", "DIS Medium", "DIS Fine", "Farneback")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TURN = 36_000.0
"""Degrees: a hundred turns, far beyond any use and still exact."""


@dataclass(frozen=True)
class ControlNetUnit:
    """``cn_N_*``: when and how strongly the N-th ControlNet of the plan acts."""

    enabled: bool = flag(False)
    module: str = text("none")
    model: str = text()
    weight: str = series("0:(1)", 0, 2)
    guidance_start: str = series("0:(0.0)", 0, 1)
    guidance_end: str = series("0:(1.0)", 0, 1)
    low_threshold: str = series("0:(100)", 0, 255)
    high_threshold: str = series("0:(200)", 0, 255)
    """Of the edges that a ``canny`` unit sees. Names of ours: the extension's have another default."""
    loopback_mode: bool = flag(False)
    """Look at the warped previous frame instead of the source's frame."""


@dataclass(frozen=True)
class DeforumSettings:
    """One animation. Schedules are texts in the language of :mod:`schedule`; files are named, never located."""

    W: int = number(512, 8, 8192)
    H: int = number(512, 8, 8192)
    fps: float = number(15.0, 1, 240)
    seed: int = number(-1, -1, MAX_SEED)
    sampler: str = text("Euler a")
    steps: int = number(25, 1, 200)
    max_frames: int = number(120, 1, 1_000_000)

    animation_mode: str = choice("2D", "3D", "Video Input", "Interpolation")
    border: str = choice("replicate", "wrap")
    prompts: dict[str, str] = keyframes({"0": "a landscape, detailed, sharp focus"})
    animation_prompts_positive: str = text()
    animation_prompts_negative: str = text()

    seed_behavior: str = choice("iter", *SEED_BEHAVIORS)
    seed_iter_N: int = number(1, 1, 1_000_000)
    seed_schedule: str = series('0:(s), 1:(-1), "max_f-2":(-1), "max_f-1":(s)', -1, MAX_SEED, whole=True)
    enable_subseed_scheduling: bool = flag(False)
    subseed_schedule: str = series("0: (1)", -1, MAX_SEED, whole=True)
    subseed_strength_schedule: str = series("0: (0)", 0, 1)

    angle: str = series("0: (0)", -_TURN, _TURN)
    zoom: str = series("0: (1.0025+0.002*sin(1.25*3.14*t/30))", 0.01, 100)
    translation_x: str = series("0: (0)", -100_000, 100_000)
    translation_y: str = series("0: (0)", -100_000, 100_000)
    translation_z: str = series("0: (1.75)", -100_000, 100_000)
    transform_center_x: str = series("0: (0.5)", -10, 10)
    transform_center_y: str = series("0: (0.5)", -10, 10)
    rotation_3d_x: str = series("0: (0)", -_TURN, _TURN)
    rotation_3d_y: str = series("0: (0)", -_TURN, _TURN)
    rotation_3d_z: str = series("0: (0)", -_TURN, _TURN)
    enable_perspective_flip: bool = flag(False)
    perspective_flip_theta: str = series("0: (0)", -_TURN, _TURN)
    perspective_flip_phi: str = series("0: (0)", -_TURN, _TURN)
    perspective_flip_gamma: str = series("0: (0)", -_TURN, _TURN)
    perspective_flip_fv: str = series("0: (53)", 1, 170)

    use_depth_warping: bool = flag(True)
    depth_algorithm: str = text("Midas-3-Hybrid")
    padding_mode: str = choice("border", "reflection", "zeros")
    sampling_mode: str = choice("bicubic", "bilinear", "nearest")
    fov_schedule: str = series("0: (70)", 1, 170)
    aspect_ratio_schedule: str = series("0: (1)", 0.01, 100)
    near_schedule: str = series("0: (200)", 0, 1e9)
    far_schedule: str = series("0: (10000)", 0, 1e9)

    strength_schedule: str = series("0: (0.65)", 0, 1, clamp=True)
    strength_0_no_init: bool = flag(True)
    cfg_scale_schedule: str = series("0: (7)", 0, 50)
    enable_steps_scheduling: bool = flag(False)
    steps_schedule: str = series("0: (25)", 1, 200, whole=True)
    enable_sampler_scheduling: bool = flag(False)
    sampler_schedule: str = names('0: ("Euler a")')
    enable_noise_multiplier_scheduling: bool = flag(True)
    noise_multiplier_schedule: str = series("0: (1.05)", 0, 10)

    noise_schedule: str = series("0: (0.065)", 0, 1)
    noise_type: str = choice("perlin", "uniform")
    perlin_w: int = number(8, 1, 64)
    perlin_h: int = number(8, 1, 64)
    perlin_octaves: int = number(4, 1, 7)
    perlin_persistence: float = number(0.5, 0, 1)
    contrast_schedule: str = series("0: (1.0)", 0, 255)
    amount_schedule: str = series("0: (0.1)", 0, 100)
    kernel_schedule: str = series("0: (5)", 1, 255, whole=True)
    sigma_schedule: str = series("0: (1)", 0, 100)
    threshold_schedule: str = series("0: (0)", 0, 255)

    color_coherence: str = choice("None", "HSV", "LAB", "RGB", "Video Input", "Image")
    color_coherence_image_path: str = text()
    color_coherence_video_every_N_frames: int = number(1, 1, 1_000_000)
    color_force_grayscale: bool = flag(False)
    legacy_colormatch: bool = flag(False)

    diffusion_cadence: str = series("0: (10)", 1, 50, whole=True)
    optical_flow_cadence: str = choice("None", *FLOW_METHODS)
    cadence_flow_factor_schedule: str = series("0: (1)", -100, 100)
    optical_flow_redo_generation: str = choice("None", *FLOW_METHODS)
    redo_flow_factor_schedule: str = series("0: (1)", -100, 100)
    diffusion_redo: int = number(0, 0, 50)

    use_init: bool = flag(False)
    init_image: str = text()
    use_mask: bool = flag(False)
    use_alpha_as_mask: bool = flag(False)
    mask_file: str = text()
    use_mask_video: bool = flag(False)
    video_mask_path: str = text()
    invert_mask: bool = flag(False)
    mask_contrast_adjust: float = number(1.0, 0, 100)
    mask_brightness_adjust: float = number(1.0, 0, 100)
    mask_schedule: str = names('0: ("{video_mask}")')
    overlay_mask: bool = flag(True)
    mask_overlay_blur: int = number(4, 0, 255)
    use_noise_mask: bool = flag(False)
    noise_mask_schedule: str = names('0: ("{video_mask}")')

    video_init_path: str = text()
    extract_nth_frame: int = number(1, 1, 1_000_000)
    extract_from_frame: int = number(0, 0, 1_000_000)
    extract_to_frame: int = number(-1, -1, 10_000_000)

    hybrid_composite: str = choice("None", "Normal", "Before Motion", "After Generation")
    hybrid_comp_mask_type: str = choice("None", "Depth", "Video Depth", "Blend", "Difference")
    hybrid_comp_mask_inverse: bool = flag(False)
    hybrid_comp_mask_equalize: str = choice("None", "Before", "After", "Both")
    hybrid_comp_mask_auto_contrast: bool = flag(False)
    hybrid_comp_alpha_schedule: str = series("0:(0.5)", 0, 1)
    hybrid_comp_mask_blend_alpha_schedule: str = series("0:(0.5)", 0, 1)
    hybrid_comp_mask_contrast_schedule: str = series("0:(1)", 0, 255)
    hybrid_comp_mask_auto_contrast_cutoff_high_schedule: str = series("0:(100)", 0, 100)
    hybrid_comp_mask_auto_contrast_cutoff_low_schedule: str = series("0:(0)", 0, 100)
    hybrid_motion: str = choice("None", "Optical Flow", "Perspective", "Affine")
    hybrid_motion_use_prev_img: bool = flag(False)
    hybrid_flow_method: str = choice("RAFT", *FLOW_METHODS)
    hybrid_flow_consistency: bool = flag(False)
    hybrid_consistency_blur: int = number(2, 0, 16)
    hybrid_flow_factor_schedule: str = series("0:(1)", -100, 100)
    hybrid_use_first_frame_as_init_image: bool = flag(True)

    use_looper: bool = flag(False)
    init_images: dict[str, str] = keyframes({})
    image_strength_schedule: str = series("0:(0.75)", 0, 1, clamp=True)
    blendFactorMax: str = series("0:(0.35)", 0, 1)
    blendFactorSlope: str = series("0:(0.25)", -1, 1)
    tweening_frames_schedule: str = series("0:(20)", 1, 1_000_000)

    controlnets: tuple[ControlNetUnit, ...] = field(
        default=(ControlNetUnit(),) * CONTROLNET_UNITS, metadata={"kind": None}
    )

    @property
    def is_animated(self) -> bool:
        """Whether each frame is made from the one before."""
        return self.animation_mode in ("2D", "3D")

    @property
    def is_hybrid(self) -> bool:
        """Whether the source video takes part in a 2D or 3D animation."""
        return self.is_animated and (self.hybrid_composite != "None" or self.hybrid_motion != "None")

    @property
    def needs_source(self) -> bool:
        """Whether it can't be rendered without a source video."""
        follows_colour = self.is_animated and self.color_coherence == "Video Input"
        return self.animation_mode == "Video Input" or self.is_hybrid or follows_colour

    @property
    def starts_from_source(self) -> bool:
        """Whether frame 0 of a 2D or 3D animation is made from the source's first frame."""
        return self.is_hybrid and self.hybrid_use_first_frame_as_init_image

    @property
    def has_depth_mask(self) -> bool:
        """Whether it can't be rendered without a depth estimator."""
        composited = self.is_animated and self.hybrid_composite != "None"
        return composited and self.hybrid_comp_mask_type in ("Depth", "Video Depth")

    @property
    def needs_depth(self) -> bool:
        """Whether a depth estimator would be asked if there is one."""
        return self.has_depth_mask or (self.animation_mode == "3D" and self.use_depth_warping)

    @property
    def starts_from_image(self) -> bool:
        """Whether frame 0 of a 2D or 3D animation is made from ``init_image``."""
        return self.is_animated and self.use_init and not self.starts_from_source

    @property
    def masks_by_alpha(self) -> bool:
        """Whether the transparency of ``init_image`` is the mask."""
        return self.use_mask and self.use_alpha_as_mask and not self.use_mask_video

    @property
    def asset_names(self) -> tuple[str, ...]:
        """The files these settings name and would read: images by the name they have in the settings."""
        wanted = [
            self.init_image if self.starts_from_image or self.masks_by_alpha else "",
            self.mask_file if self.use_mask and not self.use_mask_video and not self.use_alpha_as_mask else "",
            self.color_coherence_image_path if self.is_animated and self.color_coherence == "Image" else "",
            *(self.init_images.values() if self.use_looper else ()),
        ]
        return tuple(dict.fromkeys(name for name in wanted if name))


def numeric_schedules() -> dict[str, Series]:
    """Every numeric schedule of :class:`DeforumSettings` by name (ControlNet units not included)."""
    return {f.name: kind for f in fields(DeforumSettings) if isinstance(kind := f.metadata["kind"], Series)}


def name_schedules() -> tuple[str, ...]:
    """Every schedule of texts by name."""
    return tuple(f.name for f in fields(DeforumSettings) if isinstance(f.metadata["kind"], Names))


def import_settings(mapping: Mapping[str, object]) -> tuple[DeforumSettings, list[str]]:
    """Read a settings file's object, of any version; also returns its keys that have no effect here, sorted.

    Missing keys take the public extension's defaults, and so do those that can't be read and that nothing looks at. A
    number stands for a schedule that is constant. Raises PlanError naming the field; schedules are only evaluated by
    :func:`~studio.rendering.deforum.validation.validate`.
    """
    if not isinstance(mapping, Mapping):
        raise PlanError("settings", "settings: expected an object")
    if sum(map(_length, mapping.values())) > MAX_LENGTH:
        raise PlanError("settings", f"settings: longer than {MAX_LENGTH} characters")
    for key, value in mapping.items():
        if not _is_storable(value):
            raise PlanError(str(key)[:100], f"{str(key)[:100]}: holds characters that are no text")
    mapping = modernised(mapping)
    reading = _Reading(mapping)
    values = {d.name: reading.value(d.name, d) for d in _plain_fields(DeforumSettings) if d.name in mapping}
    units = [
        {d.name: reading.value(f"cn_{index}_{d.name}", d) for d in fields(ControlNetUnit)}
        for index in range(1, CONTROLNET_UNITS + 1)
    ]
    settings = DeforumSettings(**values, controlnets=tuple(ControlNetUnit(**unit) for unit in units))
    unused = unused_settings(settings)
    for name, refusal in reading.refusals.items():
        if name not in unused:
            raise refusal
    for name in ("animation_prompts_positive", "animation_prompts_negative"):
        if len(values.get(name, "")) > MAX_PROMPT:
            raise PlanError(name, f"{name}: longer than {MAX_PROMPT} characters")
    unknown = sorted(str(key)[:100] for key in mapping if key not in reading.known)
    return settings, unknown


class _Reading:
    """The settings that are read from ``mapping``: which keys are ``known``, and the ``refusals`` by name."""

    def __init__(self, mapping: Mapping[str, object]) -> None:
        self.known: set[str] = set()
        self.refusals: dict[str, PlanError] = {}
        self._mapping = mapping

    def value(self, name: str, declared: Field[object]) -> Any:
        """The setting's value; its default when it is not there, null or refused."""
        if name in self._mapping:
            self.known.add(name)
            try:
                if self._mapping[name] is not None or isinstance(_kind(declared), (Text, Choice)):
                    return _kind(declared).read(name, self._mapping[name])
            except PlanError as refusal:
                if isinstance(_kind(declared), (Series, Names, Text, Flag)):
                    # A schedule that is no text, say: no version of a settings file holds that.
                    raise
                self.refusals[name] = refusal
        if declared.default_factory is not MISSING:
            return declared.default_factory()
        return declared.default


def _is_storable(value: object) -> bool:
    """Whether all text in a value can be written down: no NUL, no half of a surrogate pair."""
    if isinstance(value, Mapping):
        return all(_is_storable(key) and _is_storable(text) for key, text in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_storable, value))
    return not isinstance(value, str) or ("\0" not in value and not _SURROGATE.search(value))


def _length(value: object) -> int:
    if isinstance(value, Mapping):
        return sum(len(str(key)) + _length(text) for key, text in value.items() if isinstance(text, str))
    return len(value) if isinstance(value, str) else 0


def export_settings(settings: DeforumSettings) -> dict[str, object]:
    """A JSON-serialisable object in the public vocabulary; :func:`import_settings` reads it back to equal settings."""
    exported = {declared.name: getattr(settings, declared.name) for declared in _plain_fields(DeforumSettings)}
    for index, unit in enumerate(settings.controlnets, start=1):
        exported |= {
            f"cn_{index}_{declared.name}": getattr(unit, declared.name)
            for declared in fields(ControlNetUnit)
            # Settings that don't ask for them say nothing of them, as those of earlier versions.
            if declared.name not in _THRESHOLDS or getattr(unit, declared.name) != declared.default
        }
    return exported


def _plain_fields(cls: type) -> list[Field[object]]:
    return [declared for declared in fields(cls) if declared.metadata["kind"] is not None]


def _kind(declared: Field[object]) -> Kind:
    return declared.metadata["kind"]
