"""Which of Deforum's settings the console offers, with the renderer's own defaults and choices."""

from __future__ import annotations

from dataclasses import dataclass, fields

from studio.rendering.deforum.settings import DeforumSettings, export_settings
from studio.rendering.deforum.vocabulary import Choice

_DEFAULTS = export_settings(DeforumSettings())
_KINDS = {declared.name: declared.metadata["kind"] for declared in fields(DeforumSettings)}


@dataclass(frozen=True)
class Schedule:
    """A keyframe list, edited as text."""

    name: str
    label: str
    hint: str

    @property
    def default(self) -> str:
        return _DEFAULTS[self.name]


@dataclass(frozen=True)
class ScheduleGroup:
    title: str
    schedules: tuple[Schedule, ...]
    is_open: bool = False


@dataclass(frozen=True)
class Option:
    """One of a few words for the whole animation."""

    name: str
    label: str

    @property
    def default(self) -> str:
        return _DEFAULTS[self.name]

    @property
    def choices(self) -> tuple[str, ...]:
        kind = _KINDS[self.name]
        assert isinstance(kind, Choice)
        return kind.options


OPTIONS = (
    Option("animation_mode", "Animation mode"),
    Option("seed_behavior", "Seed behaviour"),
    Option("color_coherence", "Colour coherence"),
    Option("border", "Border"),
)

SCHEDULES = (
    ScheduleGroup(
        "Motion",
        (
            Schedule("zoom", "Zoom", "Factor per frame; above 1 moves in (2D)."),
            Schedule("angle", "Angle", "Degrees per frame, counter-clockwise (2D)."),
            Schedule("translation_x", "Translation X", "Pixels per frame."),
            Schedule("translation_y", "Translation Y", "Pixels per frame; positive moves the picture down."),
            Schedule("translation_z", "Translation Z", "Forward per frame (3D)."),
        ),
        is_open=True,
    ),
    ScheduleGroup(
        "Rotation and lens (3D)",
        (
            Schedule("rotation_3d_x", "Rotation X", "Degrees per frame: tilt."),
            Schedule("rotation_3d_y", "Rotation Y", "Degrees per frame: pan."),
            Schedule("rotation_3d_z", "Rotation Z", "Degrees per frame: roll."),
            Schedule("fov_schedule", "Field of view", "Degrees."),
        ),
    ),
    ScheduleGroup(
        "Diffusion",
        (
            Schedule("strength_schedule", "Strength", "0 to 1: how much of the previous frame is kept."),
            Schedule("cfg_scale_schedule", "CFG scale", "How strictly the prompt is followed."),
            Schedule("noise_schedule", "Noise", "0 to 1: added to the previous frame."),
            Schedule("noise_multiplier_schedule", "Noise multiplier", "Scales the noise of the diffusion itself."),
            Schedule("contrast_schedule", "Contrast", "Factor applied to the previous frame."),
            Schedule("diffusion_cadence", "Cadence", "Frames per diffused frame, 1 to 50."),
        ),
        is_open=True,
    ),
)
