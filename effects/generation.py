"""The generation parameters that an effect can set, and their bounds: those of ``POST /api/generate``.

Whoever asks for a render, by a request or by an effect's template, is held to these figures.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

MAX_PROMPT = 4000
MAX_PRESET = 255
MAX_SCHEDULES = 400_000
"""Characters."""
MAX_CONTROLNETS = 5
MAX_SEED = 2**32 - 1
CONTROLNETS = ("canny", "softedge", "depth", "tile")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

BOUNDS: dict[str, tuple[int | float, int | float]] = {
    "cfgScale": (2.0, 10.0),
    "denoising": (0.1, 1.0),
    "steps": (1, 50),
    "seed": (-(2**63), MAX_SEED),
    "length": (1.0, 20.0),
    "fps": (1.0, 60.0),
}
"""Parameter -> lowest and highest value; seconds for ``length``."""
WHOLE = frozenset({"steps", "seed"})

_UNIT_BOUNDS = {"weight": (0.0, 2.0), "start": (0.0, 1.0), "end": (0.0, 1.0)}
_UNIT_DEFAULTS = {"weight": 1.0, "start": 0.0, "end": 1.0}


def check_parameters(parameters: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The parameters as the studio's services take them, and parameter -> reason for what is out of bounds."""
    checked, problems = {}, {}
    for name, value in parameters.items():
        try:
            checked[name] = _CHECKS[name](name, value)
        except ValueError as error:
            problems[name] = str(error)
    return checked, problems


def _number(name: str, value: Any) -> int | float:
    return _bounded(value, *BOUNDS[name], whole=name in WHOLE)


def _bounded(value: Any, low: float, high: float, *, whole: bool = False) -> int | float:
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("A valid number is required.")
    if whole and number != int(number):
        raise ValueError("A valid integer is required.")
    if not low <= number <= high:
        raise ValueError(f"Must be from {low:g} to {high:g}.")
    # Not through the float: a long seed would lose its last digits.
    return (value if isinstance(value, int) else int(number)) if whole else number


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or CONTROL_CHARACTERS.search(value):
        raise ValueError("Must be a text without control characters.")
    if len(value) > MAX_PROMPT:
        raise ValueError(f"May not be longer than {MAX_PROMPT} characters.")
    return value


def _preset(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or len(str(value)) > MAX_PRESET:
        raise ValueError("Must be the name or the id of a preset.")
    return str(value)


def _schedules(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("Must be an object of Deforum settings.")
    if len(str(value)) > MAX_SCHEDULES:
        raise ValueError("The schedules are too long.")
    return value


def _controlnet(name: str, value: Any) -> list[dict[str, Any]]:
    units = value if isinstance(value, list) else [value]
    if len(units) > MAX_CONTROLNETS:
        raise ValueError(f"At most {MAX_CONTROLNETS} ControlNet units can be used at once.")
    return [_unit(unit) for unit in units]


def _unit(unit: Any) -> dict[str, Any]:
    unit = {"type": unit} if isinstance(unit, str) else unit
    if not isinstance(unit, dict) or unit.get("type") not in CONTROLNETS:
        raise ValueError(f"A unit's type is one of {', '.join(CONTROLNETS)}.")
    if set(unit) - {"type", *_UNIT_BOUNDS}:
        raise ValueError(f"A unit is an object of type, {', '.join(_UNIT_BOUNDS)}.")
    figures = {key: _bounded(unit.get(key, _UNIT_DEFAULTS[key]), *bounds) for key, bounds in _UNIT_BOUNDS.items()}
    if figures["start"] >= figures["end"]:
        raise ValueError("The end must lie after the start.")
    return {"type": unit["type"], **figures}


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(BOUNDS, _number),
    "prompt": _text,
    "negative_prompt": _text,
    "preset": _preset,
    "schedules": _schedules,
    "controlnet": _controlnet,
}

PARAMETERS = frozenset(_CHECKS)
"""The generation parameters that an effect can set; the model is a column of its own."""
