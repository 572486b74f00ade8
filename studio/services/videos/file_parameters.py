"""What a Deforum settings file says besides its schedules (size, rate, length, seed, steps, sampler, ControlNets), as
parameters of a render.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from studio.models import ModelFile
from studio.rendering.deforum.deprecations import modernised
from studio.rendering.deforum.samplers import SCHEDULERS, scheduler_of
from studio.rendering.deforum.settings import CONTROLNET_UNITS, DeforumSettings, import_settings
from studio.rendering.errors import PlanError
from studio.requests.types import DEFAULT_FPS, MAX_FPS, MAX_SECONDS, ControlUnit, DeforumRequest

_CONTROLS = {
    "canny": ("canny",),
    "softedge": ("softedge", "hed", "pidinet"),
    "depth": ("depth",),
    "tile": ("tile",),
}
_UNIT = re.compile(r"cn_([1-5])_(.+)")


def most_frames(fps: Fraction) -> int:
    """Frames of the longest render at this rate."""
    return int(MAX_SECONDS * fps)


def rate_of(fps: object) -> Fraction:
    """A rate given as a decimal number: 29.97002997 is 30000/1001."""
    return Fraction(str(fps)).limit_denominator(1001)


def file_parameters(schedules: Mapping[str, object], request: DeforumRequest, *, extends: bool) -> dict[str, object]:
    """What the request leaves to its settings, by the request's own names. An extension keeps its rate. Raises
    PlanError naming the setting that can't be followed.
    """
    said = {key: value for key, value in modernised(schedules).items() if value is not None}
    settings, _ = import_settings(said)
    found: dict[str, object] = {}
    if "seed" in said and settings.seed > 0:
        found["seed"] = settings.seed
    if "steps" in said:
        found["steps"] = settings.steps
    if "sampler" in said and request.scheduler is None:
        found["scheduler"] = _scheduler(settings.sampler)
    if "fps" in said and request.fps is None and not extends:
        _require(settings.fps <= MAX_FPS, "fps", f"fps: at most {MAX_FPS}")
        found["fps"] = settings.fps
    if "max_frames" in said and request.length is None and not extends:
        fps = rate_of(request.fps or found.get("fps") or DEFAULT_FPS)
        _require(settings.max_frames <= most_frames(fps), "max_frames", too_long(fps))
        found["length"] = settings.max_frames / float(fps)
    if request.controlnet is None and (units := control_units(settings)):
        found["controlnet"] = units
    return found


def too_long(fps: Fraction) -> str:
    """Why a longer animation is refused."""
    return f"max_frames: at most {most_frames(fps)} frames, which are {MAX_SECONDS} s at {float(fps):g} fps"


def control_units(settings: DeforumSettings) -> tuple[ControlUnit, ...]:
    """The enabled ``cn_N_*`` units as the request's ControlNets. Raises PlanError when one is not offered."""
    units = []
    for index, unit in enumerate(settings.controlnets, start=1):
        if unit.enabled:
            kind = control_kind(unit.module, unit.model)
            _require(kind is not None, f"cn_{index}_model", f"cn_{index}_model: known are {', '.join(_CONTROLS)}")
            assert kind is not None
            installed = ModelFile.objects.filter(enabled=True, model_type="controlnet", slug=kind).exists()
            _require(installed, f"cn_{index}_model", f"cn_{index}_model: no ControlNet of type {kind} is installed")
            units.append(ControlUnit(type=kind))
    return tuple(units)


def without_gaps(settings: Mapping[str, object], *, units: int) -> dict[str, object]:
    """``settings`` with the enabled ControlNet units first if they are the render's ``units``, of which the N-th is
    steered by the N-th.
    """
    enabled = [n for n in range(1, CONTROLNET_UNITS + 1) if settings.get(f"cn_{n}_enabled") is True]
    if len(enabled) != units:
        return dict(settings)
    order = [*enabled, *(n for n in range(1, CONTROLNET_UNITS + 1) if n not in enabled)]
    moved = {old: new for new, old in enumerate(order, start=1)}
    return {
        f"cn_{moved[int(match[1])]}_{match[2]}" if (match := _UNIT.fullmatch(key)) else key: value
        for key, value in settings.items()
    }


def control_kind(module: str, model: str) -> str | None:
    """Which ControlNet of ours is meant by the names of a preprocessor and of a model file."""
    for name in (module.lower(), model.lower()):
        for kind, words in _CONTROLS.items():
            if any(word in name for word in words):
                return kind
    return None


def fitting_size(width: int, height: int, max_pixels: int) -> tuple[int, int]:
    """The size a file asks for in multiples of 8, scaled down to what the model renders."""
    share = min(1.0, (max_pixels / (width * height)) ** 0.5)
    return max(16, int(width * share) // 8 * 8), max(16, int(height * share) // 8 * 8)


def _scheduler(sampler: str) -> str:
    scheduler = scheduler_of(sampler)
    _require(scheduler is not None, "sampler", unknown_sampler(sampler))
    assert scheduler is not None
    return scheduler


def unknown_sampler(sampler: str) -> str:
    """Why a sampler is refused."""
    return f"sampler: {sampler[:40]!r} is not offered; known are {', '.join(SCHEDULERS)}"


def _require(fulfilled: bool, field: str, message: str) -> None:
    if not fulfilled:
        raise PlanError(field, message)
