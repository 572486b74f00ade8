"""The one table of what can be steered while an animation is rendered: names, ranges, steps, units and modes.

A live value stands in one of three modes: ``schedule`` leaves the parameter to the settings, ``replace`` takes the
settings' place, ``add`` is added to what they say. Whatever comes of it is cut to what the setting itself may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypedDict, get_args

from studio.rendering.deforum.seeds import SEED_BEHAVIORS
from studio.rendering.deforum.settings import CONTROLNET_UNITS, DeforumSettings
from studio.rendering.deforum.usage import unused_settings
from studio.rendering.plan import MAX_SEED

Mode = Literal["schedule", "replace", "add"]
MODES: tuple[Mode, ...] = get_args(Mode)
_NOT_ADDED: tuple[Mode, ...] = ("schedule", "replace")

MOVEMENT_GROUPS = ("motion", "camera")
"""What moves the picture; a replay can have these, the prompts and all the rest apart."""


class SteerableRow(TypedDict):
    """A parameter as it is served. ``low`` and ``high`` are of the default mode, ``ranges`` of each that has one."""

    name: str
    label: str
    group: str
    axis: str
    unit: str
    low: float
    high: float
    step: float
    whole: bool
    modes: list[Mode]
    default_mode: Mode
    ranges: dict[Mode, tuple[float, float]]
    choices: list[str]


@dataclass(frozen=True)
class Steerable:
    """One parameter. ``name`` is its setting's and its row's key; numbers lie in ``low``..``high``."""

    name: str
    label: str
    group: str
    low: float = 0.0
    high: float = 0.0
    step: float = 1.0
    unit: str = ""
    modes: tuple[Mode, ...] = MODES
    default_mode: Mode = "replace"
    whole: bool = False
    axis: str = ""
    """What a pad or a stick moves with it: ``pan_x``, ``pan_y``, ``rotate_x``, ``rotate_y``, ``tilt``, ``zoom``."""
    replacing: tuple[float, float] | None = None
    """The range in mode ``replace`` where that is another."""
    choices: tuple[str, ...] = ()
    """The texts that it may be, of one that is no number."""

    def range(self, mode: Mode) -> tuple[float, float]:
        """The lowest and the highest value in this mode; numbers only."""
        if mode == self.default_mode:
            return self.low, self.high
        if mode == "add":
            return self.low - self.high, self.high - self.low
        return self.replacing or (self.low, self.high)

    def row(self) -> SteerableRow:
        ranged = [mode for mode in self.modes if mode != "schedule" and not self.choices]
        return {
            "name": self.name,
            "label": self.label,
            "group": self.group,
            "axis": self.axis,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "step": self.step,
            "whole": self.whole,
            "modes": list(self.modes),
            "default_mode": self.default_mode,
            "ranges": {mode: self.range(mode) for mode in ranged},
            "choices": list(self.choices),
        }


def _motion(name: str, label: str, reach: float, step: float, unit: str, axis: str) -> Steerable:
    return Steerable(name, label, "motion", -reach, reach, step, unit, default_mode="add", axis=axis)


def _parameters() -> Iterator[Steerable]:
    yield _motion("translation_x", "Pan left and right", 100, 0.1, "px", "pan_x")
    yield _motion("translation_y", "Pan up and down", 100, 0.1, "px", "pan_y")
    yield _motion("translation_z", "Zoom", 100, 0.1, "", "zoom")
    yield _motion("rotation_3d_y", "Rotate left and right", 180, 0.1, "°", "rotate_x")
    yield _motion("rotation_3d_x", "Rotate up and down", 180, 0.1, "°", "rotate_y")
    yield _motion("rotation_3d_z", "Tilt", 180, 0.1, "°", "tilt")
    yield _motion("angle", "Tilt", 180, 0.1, "°", "tilt")
    yield Steerable("zoom", "Zoom", "motion", -5, 5, 0.001, "×", default_mode="add", axis="zoom", replacing=(0.01, 10))
    yield Steerable("fov_schedule", "Field of view", "camera", 20, 120, 1, "°")
    yield Steerable("strength_schedule", "Strength", "diffusion", 0, 1, 0.01)
    yield Steerable("steps_schedule", "Sampler steps", "diffusion", 1, 200, 1, whole=True)
    yield Steerable("cfg_scale_schedule", "CFG scale", "diffusion", 1, 30, 0.1)
    yield Steerable("diffusion_cadence", "Cadence", "diffusion", 1, 30, 1, "frames", whole=True)
    yield Steerable("noise_multiplier_schedule", "Noise multiplier", "noise", 0.01, 2, 0.01)
    yield Steerable("noise_schedule", "Noise", "noise", 0, 1, 0.005)
    yield Steerable("contrast_schedule", "Contrast", "image", 0, 4, 0.01)
    yield Steerable("amount_schedule", "Sharpness", "image", 0, 4, 0.01)
    yield Steerable("seed", "Seed", "seed", 0, MAX_SEED, 1, modes=_NOT_ADDED, whole=True)
    yield Steerable("seed_behavior", "Seed behaviour", "seed", modes=_NOT_ADDED, choices=SEED_BEHAVIORS)
    yield Steerable("seed_iter_N", "Frames with one seed", "seed", 1, 1_000_000, 1, modes=_NOT_ADDED, whole=True)
    for unit in range(1, CONTROLNET_UNITS + 1):
        name, group = f"cn_{unit}", f"controlnet_{unit}"
        yield Steerable(f"{name}_enabled", f"ControlNet {unit}", group, 0, 1, 1, modes=_NOT_ADDED, whole=True)
        yield Steerable(f"{name}_weight", f"ControlNet {unit}: weight", group, 0, 2, 0.01)
        yield Steerable(f"{name}_guidance_start", f"ControlNet {unit}: start", group, 0, 1, 0.01)
        yield Steerable(f"{name}_guidance_end", f"ControlNet {unit}: end", group, 0, 1, 0.01)
        yield Steerable(f"{name}_low_threshold", f"ControlNet {unit}: low threshold", group, 0, 255, 1)
        yield Steerable(f"{name}_high_threshold", f"ControlNet {unit}: high threshold", group, 0, 255, 1)


STEERABLE = {parameter.name: parameter for parameter in _parameters()}
"""Every parameter by its name, in the order of a console."""

_LIVE_ANYWAY = ("steps_schedule", "noise_multiplier_schedule", "seed_iter_N")
"""Rows have a value for these even where the settings' switch leaves their schedule aside."""


def steerable_names(settings: DeforumSettings, *, controlnets: int) -> tuple[str, ...]:
    """What can be steered in an animation with these settings and so many ControlNets: what its mode looks at."""
    unused = unused_settings(settings) - set(_LIVE_ANYWAY)
    if settings.animation_mode == "Interpolation":
        unused |= {"noise_multiplier_schedule"}
    there = {f"controlnet_{unit}" for unit in range(1, controlnets + 1)}
    return tuple(
        name
        for name, parameter in STEERABLE.items()
        if (parameter.group in there if name.startswith("cn_") else name not in unused)
    )
