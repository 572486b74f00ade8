"""What the console offers: parameters with the bounds of every request, Deforum's settings with its own defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields

from studio.rendering.deforum.settings import DeforumSettings, export_settings
from studio.rendering.deforum.vocabulary import Choice
from studio.requests.kinds import Number
from studio.requests.types import all_parameters

_DEFAULTS = export_settings(DeforumSettings())
_KINDS = {declared.name: declared.metadata["kind"] for declared in fields(DeforumSettings)}


@dataclass(frozen=True)
class NumberControl:
    """A parameter that is a number, by its API name."""

    name: str
    label: str
    value: str = ""
    placeholder: str = ""
    is_wide: bool = False

    @property
    def help(self) -> str:
        return all_parameters()[self.name].help

    @property
    def step(self) -> str:
        return "1" if self._kind.whole else "any"

    @property
    def lowest(self) -> str:
        # Below 0 is a way to say nothing.
        return f"{self._kind.low:g}" if self._kind.low >= 0 else ""

    @property
    def highest(self) -> str:
        return "" if self._kind.high is None else f"{self._kind.high:.10g}"

    @property
    def _kind(self) -> Number:
        kind = all_parameters()[self.name].kind
        assert isinstance(kind, Number)
        return kind


@dataclass(frozen=True)
class Schedule:
    """A keyframe list, edited as text."""

    name: str
    label: str
    hint: str

    @property
    def default(self) -> str:
        return str(_DEFAULTS[self.name])


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
        return str(_DEFAULTS[self.name])

    @property
    def choices(self) -> tuple[str, ...]:
        kind = _KINDS[self.name]
        assert isinstance(kind, Choice)
        return kind.options


NUMBERS = (
    NumberControl("seed", "Seed", placeholder="random", is_wide=True),
    NumberControl("length", "Length, s", value="4"),
    NumberControl("fps", "Frames/s", value="12"),
    NumberControl("steps", "Steps", placeholder="auto"),
    NumberControl("frameCount", "Preview frames", value="1"),
)
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
