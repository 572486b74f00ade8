"""What schedules come to, frame by frame: the renderer's own numbers, for whoever draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache

from config.api.errors import ValidationFailed
from studio.rendering.deforum.parameters import evaluated
from studio.rendering.deforum.schedule import Budget
from studio.rendering.deforum.settings import CONTROLNET_UNITS, MAX_LENGTH, ControlNetUnit, numeric_schedules
from studio.rendering.deforum.vocabulary import Series
from studio.rendering.errors import PlanError

MAX_NUMBERS = 200_000
"""Of one answer: a dozen schedules of the longest animation."""


@cache
def drawable() -> Mapping[str, Series]:
    """Every setting that is one number a frame, by name; those of ControlNet units among them."""
    units = {
        f"cn_{index}_{declared.name}": kind
        for index in range(1, CONTROLNET_UNITS + 1)
        for declared in fields(ControlNetUnit)
        if isinstance(kind := declared.metadata["kind"], Series)
    }
    return {**numeric_schedules(), **units}


def schedule_numbers(schedules: Mapping[str, object], *, frames: int, seed: int) -> dict[str, list[float]]:
    """Each schedule's values at frames 0 to ``frames - 1``, as a render with the initial ``seed`` comes to them, for as
    much work as all schedules of a render may cause.

    Raises ValidationFailed with every schedule that is none, and the frame where it fails.
    """
    _check_amount(schedules, frames)
    known, budget = drawable(), Budget()
    values: dict[str, list[float]] = {}
    problems: dict[str, list[str]] = {}
    for name, text in schedules.items():
        try:
            if name not in known:
                raise PlanError(name, f"{name[:100]}: no setting with one number a frame")
            values[name] = evaluated(name, known[name].read(name, text), known[name], frames, seed, budget).tolist()
        except PlanError as error:
            problems[f"schedules.{name[:100]}"] = [error.message]
    if problems:
        raise ValidationFailed(problems)
    return values


def _check_amount(schedules: Mapping[str, object], frames: int) -> None:
    if len(schedules) > len(drawable()):
        raise ValidationFailed({"schedules": [f"At most {len(drawable())} schedules at a time."]})
    if sum(len(text) for text in schedules.values() if isinstance(text, str)) > MAX_LENGTH:
        raise ValidationFailed({"schedules": [f"At most {MAX_LENGTH} characters at a time."]})
    if len(schedules) * frames > MAX_NUMBERS:
        most = MAX_NUMBERS // len(schedules)
        raise ValidationFailed({"frames": [f"At most {most} frames of {len(schedules)} schedules at a time."]})
