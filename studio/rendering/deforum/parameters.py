"""The frame-parameter table: every effective value of every frame, which is all that the animator reads.

Its rows are what a render logs as JSONL; :func:`settings_from_table` turns a logged table back into settings that
render to the same frames.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from studio.rendering.deforum import schedule
from studio.rendering.deforum.prompts import FramePrompt, frame_prompts
from studio.rendering.deforum.schedule import Budget
from studio.rendering.deforum.settings import (
    ControlNetUnit,
    DeforumSettings,
    export_settings,
    import_settings,
    name_schedules,
    numeric_schedules,
)
from studio.rendering.deforum.usage import unused_settings
from studio.rendering.deforum.vocabulary import Series
from studio.rendering.diffusion.interface import WeightedPrompt
from studio.rendering.errors import PlanError

DEFAULT_GUIDE_SPAN = 25
"""Frames a guided image without a successor is taken to last; upstream's value."""

UNUSED_WORK = 500_000
"""What reading schedules that nothing looks at may cost."""

_UNIT_SERIES = {
    name: kind
    for name, declared in ControlNetUnit.__dataclass_fields__.items()
    if isinstance(kind := declared.metadata["kind"], Series)
}


@dataclass(frozen=True)
class UnitParameters:
    """One enabled ControlNet unit at one frame."""

    weight: float
    guidance_start: float
    guidance_end: float
    low_threshold: float
    high_threshold: float
    loopback: bool

    @property
    def thresholds(self) -> tuple[int, int]:
        """Of the edges that are seen."""
        return round(self.low_threshold), round(self.high_threshold)


class Guide(NamedTuple):
    """The guided image in force: its name in ``init_images``, its keyframe, and the frames to the next one."""

    name: str
    start: int
    span: int


@dataclass(frozen=True)
class FrameParameters:
    """One row: what is in force at one frame. Values are keyed by their setting's name."""

    frame: int
    values: Mapping[str, float]
    names: Mapping[str, str]
    prompt: FramePrompt
    guide: Guide | None
    units: tuple[UnitParameters | None, ...]
    """ControlNet units by position; None where the settings leave the unit to the plan."""

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    @property
    def denoising(self) -> float:
        """1 - strength, without the rounding error that makes ``1 - 0.9`` less than 0.1."""
        return round(1.0 - self["strength_schedule"], 9)

    @property
    def cadence(self) -> int:
        return int(self["diffusion_cadence"])

    def record(self, *, seed: int, diffused: bool) -> dict[str, object]:
        """The row as a JSON object. ``seed`` is the one the frame's image was made with."""
        units = {
            f"cn_{index}_{name}": getattr(unit, name)
            for index, unit in enumerate(self.units, start=1)
            if unit
            for name in _UNIT_SERIES
        }
        return {
            "frame": self.frame,
            "diffused": diffused,
            "seed": seed,
            "prompts": [[prompt.text, prompt.weight] for prompt in self.prompt.prompts],
            "negative_prompt": self.prompt.negative,
            "loras": dict(self.prompt.loras),
            "guided_image": list(self.guide) if self.guide else None,
            **self.values,
            **self.names,
            **units,
        }


def row_from_record(record: Row, like: FrameParameters) -> FrameParameters:
    """The row that ``FrameParameters.record`` wrote down. What the record doesn't know is as it is in ``like``."""
    units = [
        unit and UnitParameters(**{**vars(unit), **_unit_values(index, record)})
        for index, unit in enumerate(like.units, start=1)
    ]
    return FrameParameters(
        frame=record["frame"],
        values={name: float(record.get(name, value)) for name, value in like.values.items()},
        names={name: str(record.get(name, text)) for name, text in like.names.items()},
        prompt=_prompt(record),
        guide=Guide(*record["guided_image"]) if record["guided_image"] else None,
        units=tuple(units),
    )


def _unit_values(index: int, record: Row) -> dict[str, object]:
    return {name: float(record[key]) for name in _UNIT_SERIES if (key := f"cn_{index}_{name}") in record}


def frame_table(settings: DeforumSettings, *, frame_count: int, seed: int) -> list[FrameParameters]:
    """One row a frame, 0 to ``frame_count - 1``. Raises PlanError naming the field and frame that can't be rendered.

    What the settings have no use for is in the table as far as it can be read, and never refused.
    """
    budget, idle = Budget(), Budget(UNUSED_WORK)
    unused = unused_settings(settings)
    values = {
        name: unchecked(name, getattr(settings, name), kind, frame_count, seed, idle)
        if name in unused
        else evaluated(name, getattr(settings, name), kind, frame_count, seed, budget)
        for name, kind in numeric_schedules().items()
    }
    for name, enabled, fallback in (
        ("steps_schedule", settings.enable_steps_scheduling, float(settings.steps)),
        ("noise_multiplier_schedule", settings.enable_noise_multiplier_scheduling, 1.0),
        ("subseed_strength_schedule", settings.enable_subseed_scheduling, 0.0),
    ):
        if not enabled:
            values[name] = np.full(frame_count, fallback)
    texts = {
        name: _texts(name, getattr(settings, name), frame_count, seed, budget, used=name not in unused)
        for name in name_schedules()
    }
    prompts = frame_prompts(
        settings.prompts,
        positive=settings.animation_prompts_positive,
        negative=settings.animation_prompts_negative,
        frame_count=frame_count,
        seed=seed,
        blend=settings.animation_mode == "Interpolation",
        budget=budget,
    )
    guides = _guides(settings, frame_count, seed, budget)
    units = [
        _unit_rows(index, unit, frame_count, seed, budget) for index, unit in enumerate(settings.controlnets, start=1)
    ]
    rows = zip(*(series.tolist() for series in values.values()), strict=True)
    named = zip(*texts.values(), strict=True)
    return [
        FrameParameters(
            frame=frame,
            values=dict(zip(values, numbers, strict=True)),
            names=dict(zip(texts, words, strict=True)),
            prompt=prompts[frame],
            guide=guides[frame],
            units=tuple(unit[frame] for unit in units),
        )
        for frame, (numbers, words) in enumerate(zip(rows, named, strict=True))
    ]


def evaluated(
    name: str, text: str, kind: Series, frame_count: int, seed: int, budget: Budget | None = None
) -> NDArray[np.float64]:
    """The values of one numeric schedule, shape (frame_count,), in the range of its kind."""
    clamp = (kind.low, kind.high) if kind.clamp else None
    values = schedule.numbers(name, text, frame_count=frame_count, seed=seed, budget=budget, clamp=clamp)
    if kind.whole:
        # Seeds are truncated as upstream does; counts that are interpolated between keyframes are rounded.
        values = np.trunc(values) if name == "seed_schedule" else np.rint(values)
    # Sums such as 0.3 - 0.1*3 miss a bound by a rounding error.
    values = np.where(
        np.isclose(values, cut := np.clip(values, kind.low, kind.high), rtol=1e-12, atol=1e-9), cut, values
    )
    outside = np.flatnonzero((values < kind.low) | (values > kind.high))
    if outside.size:
        frame = int(outside[0])
        value = values[frame]
        bound = f"below {kind.low:.12g}" if value < kind.low else f"above {kind.high:.12g}"
        raise PlanError(name, f"{name}: frame {frame}: {value:.12g} is {bound}")
    return values


def unchecked(
    name: str, text: str, kind: Series, frame_count: int, seed: int, budget: Budget | None = None
) -> NDArray[np.float64]:
    """As ``evaluated``, of a schedule that nothing looks at: cut to its range, constant where it can't be read."""
    clamped = replace(kind, clamp=True)
    try:
        return evaluated(name, text, clamped, frame_count, seed, budget)
    except PlanError:
        default = DeforumSettings.__dataclass_fields__[name].default
        return evaluated(name, str(default), clamped, frame_count, seed)


def _texts(name: str, text: str, frame_count: int, seed: int, budget: Budget, *, used: bool) -> list[str]:
    try:
        return schedule.strings(name, text, frame_count=frame_count, seed=seed, budget=budget)
    except PlanError:
        if used:
            raise
        return [""] * frame_count


Row: TypeAlias = Mapping[str, Any]
"""Of a frame-parameter table, as JSON: what ``FrameParameters.record`` writes."""


def static_settings(settings: DeforumSettings) -> dict[str, object]:
    """The part of the settings that no row holds; logged once, with frame 0, under ``settings``."""
    scheduled = {*numeric_schedules(), *name_schedules(), "prompts", "init_images"}
    scheduled |= {"animation_prompts_positive", "animation_prompts_negative"}
    unit_series = tuple(f"_{name}" for name in _UNIT_SERIES)
    return {
        key: value
        for key, value in export_settings(settings).items()
        if key not in scheduled and not (key.startswith("cn_") and key.endswith(unit_series))
    }


def settings_from_table(rows: Sequence[Row]) -> DeforumSettings:
    """Settings that render to the frames ``rows`` were logged for, given the same plan otherwise.

    Every schedule becomes literal values. Raises PlanError on ``table`` when it is not a complete table.
    """
    try:
        return _settings_from_rows(rows)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise PlanError("table", f"table: not a complete frame-parameter table ({error})") from None


def _settings_from_rows(rows: Sequence[Row]) -> DeforumSettings:
    if [row["frame"] for row in rows] != list(range(len(rows))):
        raise ValueError("frames are missing")
    columns: dict[str, Callable[[Sequence[Any]], str]] = dict.fromkeys(numeric_schedules(), schedule.literal)
    columns |= dict.fromkeys(name_schedules(), _literal_names)
    del columns["seed_schedule"]
    units = list(dict.fromkeys(key for row in rows for key in row if key.startswith("cn_")))
    texts = {str(row["frame"]): _prompt(row).to_text() for row in rows}
    guides = [Guide(*row["guided_image"]) for row in rows if row["guided_image"]]
    images = {str(guide.start): guide.name for guide in guides}
    if guides and guides[-1].start + guides[-1].span >= len(rows):
        # A keyframe beyond the end is never shown, but the blend's rhythm depends on its distance.
        images[str(guides[-1].start + guides[-1].span)] = guides[-1].name
    mapping: dict[str, object] = {
        **rows[0]["settings"],
        **{key: literal([row[key] for row in rows]) for key, literal in columns.items()},
        **{key: schedule.literal(_held(key, rows)) for key in units},
        **{f"{key.removesuffix('_weight')}_enabled": True for key in units if key.endswith("_weight")},
        "max_frames": len(rows),
        "prompts": texts if rows[0]["settings"]["animation_mode"] == "Interpolation" else _changes(texts),
        "init_images": images,
        "seed_behavior": "schedule",
        "seed_schedule": schedule.literal([float(row["seed"]) for row in rows]),
        "enable_steps_scheduling": True,
        "enable_noise_multiplier_scheduling": True,
        "enable_subseed_scheduling": True,
    }
    return import_settings(mapping)[0]


def _held(key: str, rows: Sequence[Row]) -> list[float]:
    """A column that earlier versions left out while it was the plan's; its first value was."""
    first = next(row[key] for row in rows if key in row)
    return [row.get(key, first) for row in rows]


def _prompt(row: Row) -> FramePrompt:
    prompts = tuple(WeightedPrompt(text, float(weight)) for text, weight in row["prompts"])
    return FramePrompt(prompts, row["negative_prompt"], row["loras"])


def _changes(texts: Mapping[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    current = None
    for key, text in texts.items():
        if text != current:
            kept[key] = current = text
    return kept


def _literal_names(values: Sequence[str]) -> str:
    changes = _changes({str(frame): value for frame, value in enumerate(values)})
    return ", ".join(f'{frame}: ("{value}")' for frame, value in changes.items())


def _guides(settings: DeforumSettings, frame_count: int, seed: int, budget: Budget) -> list[Guide | None]:
    """The guided image in force at each frame: the latest keyframe's, the first one held back."""
    if not settings.use_looper:
        return [None] * frame_count
    if not settings.init_images:
        raise PlanError("init_images", "init_images: guided images need at least one image")
    positions = {
        schedule.position_of("init_images", key, frame_count=frame_count, seed=seed, budget=budget): name
        for key, name in settings.init_images.items()
    }
    starts = sorted(positions)
    guides: list[Guide | None] = []
    for frame in range(frame_count):
        current = max(0, bisect_right(starts, frame) - 1)
        inside = starts[current] <= frame and current + 1 < len(starts)
        span = starts[current + 1] - starts[current] if inside else DEFAULT_GUIDE_SPAN
        guides.append(Guide(positions[starts[current]], starts[current], span))
    return guides


def _unit_rows(
    index: int, unit: ControlNetUnit, frame_count: int, seed: int, budget: Budget
) -> list[UnitParameters | None]:
    if not unit.enabled:
        return [None] * frame_count
    columns = (
        evaluated(f"cn_{index}_{name}", getattr(unit, name), kind, frame_count, seed, budget).tolist()
        for name, kind in _UNIT_SERIES.items()
    )
    return [
        UnitParameters(**dict(zip(_UNIT_SERIES, values, strict=True)), loopback=unit.loopback_mode)
        for values in zip(*columns, strict=True)
    ]
