"""The live values of an animation: overrides of single parameters, some of them on their way to a goal.

A value that is set over n frames has made one n-th of its way at the first frame that it takes effect at: 0 to 1 over 4
frames is .25, .5, .75, 1. What is in force depends on nothing but the state and the settings' own row, so the same
commands at the same frames give the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple

from studio.rendering.deforum.parameters import FrameParameters, UnitParameters
from studio.rendering.deforum.settings import ControlNetUnit, numeric_schedules
from studio.rendering.deforum.steering.commands import Ack, Set, Wish
from studio.rendering.deforum.steering.glide import DECIMALS, Glide
from studio.rendering.deforum.steering.prompting import LivePrompt
from studio.rendering.deforum.steering.table import STEERABLE
from studio.rendering.deforum.vocabulary import Series

_SEEDS = ("seed", "seed_behavior", "seed_iter_N")
_KINDS = numeric_schedules()
_UNIT_KINDS = {
    name: kind
    for name, declared in ControlNetUnit.__dataclass_fields__.items()
    if isinstance(kind := declared.metadata["kind"], Series)
}


@dataclass(frozen=True)
class Override:
    """One parameter's live value, in place of the schedule's or on top of it."""

    mode: Literal["replace", "add"]
    glide: Glide

    def effective(self, scheduled: float) -> float:
        """What is in force where the schedule says ``scheduled``, not yet cut to its range."""
        if self.mode == "add":
            return round(scheduled + self.glide.at(), DECIMALS)
        return self.glide.at(scheduled)


class Loop(NamedTuple):
    """The range that is rendered again and again, and how often more."""

    start: int
    end: int
    turns: int


class Replaying(NamedTuple):
    """The range whose recorded values are used again, and which of them."""

    number: int
    """The command's; its records are kept under it."""
    start: int
    end: int
    movements: bool
    prompts: bool
    others: bool


@dataclass(frozen=True)
class LiveState:
    """Everything that commands have left behind. Kept in the animation's checkpoint."""

    last_number: int = 0
    """The last command that was read."""
    overrides: Mapping[str, Override] = field(default_factory=dict)
    seed_behavior: str | None = None
    seed_iter_N: int | None = None
    prompt: LivePrompt = field(default_factory=LivePrompt)
    snapshots: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Live values by the name they were kept under, as JSON."""
    paused: bool = False
    stopped: bool = False
    loop: Loop | None = None
    replaying: Replaying | None = None
    extended: int = 0
    """Frames beyond the plan's."""
    acks: tuple[Ack, ...] = ()
    """The last ones: told again after a crash, which may have come before they were heard."""

    @property
    def alters(self) -> bool:
        """Whether a row may be another than the settings'."""
        return bool(self.overrides) or self.prompt.alters or self.replaying is not None

    @property
    def has_values(self) -> bool:
        """Whether anything is live at all."""
        untouched = self.prompt == LivePrompt()
        return bool(self.overrides or self.seed_behavior or self.seed_iter_N) or not untouched

    def stepped(self) -> LiveState:
        """One frame on: everything that moves makes its step."""
        if not self.overrides and not self.prompt.moves:
            return self
        overrides = {
            name: replace(override, glide=override.glide.stepped())
            for name, override in self.overrides.items()
            if override.glide.goal is not None or override.glide.frames_left
        }
        return replace(self, overrides=overrides, prompt=self.prompt.stepped())

    def row(self, scheduled: FrameParameters, named: frozenset[str] = frozenset()) -> FrameParameters:
        """What is in force at a frame of which the settings say ``scheduled``.

        ``named`` are the LoRAs that scheduled prompts name: off where a live prompt doesn't.
        """
        if not self.alters:
            return scheduled
        values = dict(scheduled.values)
        units = list(scheduled.units)
        for name, override in self.overrides.items():
            if name in values:
                values[name] = _within(_KINDS[name], override.effective(values[name]))
            elif name.startswith("cn_"):
                _steer_unit(units, name, override)
        prompt = self.prompt.over(scheduled.prompt, named)
        return replace(scheduled, values=values, units=tuple(units), prompt=prompt)

    def with_values(self, asked: Set, scheduled: FrameParameters) -> LiveState:
        """The state after a command that sets values at the frame of ``scheduled``."""
        state = self
        for name, wish in asked.values.items():
            if name in _SEEDS:
                state = state._with_seed_setting(name, wish)
                continue
            overrides = dict(state.overrides)
            override = self._override(name, wish, asked, scheduled)
            overrides.pop(name, None)
            if override is not None:
                overrides[name] = override
            state = replace(state, overrides=overrides)
        return state

    def _with_seed_setting(self, name: str, wish: Wish) -> LiveState:
        if name == "seed_behavior":
            return replace(self, seed_behavior=None if wish.value is None else str(wish.value))
        if name == "seed_iter_N":
            return replace(self, seed_iter_N=None if wish.value is None else int(wish.value))
        return self

    def _override(self, name: str, wish: Wish, asked: Set, scheduled: FrameParameters) -> Override | None:
        current = self.overrides.get(name)
        if wish.mode == "schedule" and (current is None or not asked.frames):
            return None
        if wish.mode == "schedule":
            assert current is not None
            start = current.glide.at(_scheduled(name, scheduled))
            return Override(current.mode, Glide(start, None, asked.frames, 0, asked.easing))
        assert isinstance(wish.value, (int, float))
        goal = float(wish.value)
        if not asked.frames:
            return Override(wish.mode, Glide.still(goal))
        base = _scheduled(name, scheduled)
        effective = base if current is None else current.effective(base)
        start = round(effective - base, DECIMALS) if wish.mode == "add" else effective
        if asked.exponential and current and current.mode == wish.mode and current.glide.frames_left:
            under_way = base if current.glide.goal is None else current.glide.goal
            low, high = STEERABLE[name].range(wish.mode)
            goal = min(high, max(low, round(under_way + goal - start, DECIMALS)))
        return Override(wish.mode, Glide(start, goal, asked.frames, 0, asked.easing))

    def carried_over(self) -> LiveState:
        """What a render that goes on from another's checkpoint begins with: its values, nothing of its commands."""
        return LiveState(snapshots=self.snapshots).with_values_json(self.values_json())

    def values_json(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        return {
            "overrides": {name: asdict(override) for name, override in self.overrides.items()},
            "seed_behavior": self.seed_behavior,
            "seed_iter_N": self.seed_iter_N,
            "prompt": self.prompt.to_json(),
        }

    def with_values_json(self, kept: Mapping[str, Any]) -> LiveState:
        """The state with what a snapshot kept."""
        overrides = {
            name: Override(stored["mode"], Glide(**stored["glide"])) for name, stored in kept["overrides"].items()
        }
        return replace(
            self,
            overrides=overrides,
            seed_behavior=kept["seed_behavior"],
            seed_iter_N=kept["seed_iter_N"],
            prompt=LivePrompt.from_json(kept["prompt"]),
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON-serialisable object that ``from_json`` reads back."""
        return {
            **self.values_json(),
            "last_number": self.last_number,
            "snapshots": dict(self.snapshots),
            "paused": self.paused,
            "stopped": self.stopped,
            "loop": self.loop,
            "replaying": self.replaying,
            "extended": self.extended,
            "acks": [asdict(ack) for ack in self.acks],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LiveState:
        """Read what ``to_json`` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        state = cls(
            last_number=int(data["last_number"]),
            snapshots=dict(data["snapshots"]),
            paused=bool(data["paused"]),
            stopped=bool(data["stopped"]),
            loop=None if data["loop"] is None else Loop(*data["loop"]),
            replaying=None if data["replaying"] is None else Replaying(*data["replaying"]),
            extended=int(data["extended"]),
            acks=tuple(Ack(**ack) for ack in data["acks"]),
        )
        return state.with_values_json(data)


def _scheduled(name: str, row: FrameParameters) -> float:
    """What the settings say of a parameter at a row."""
    if name in row.values:
        return row.values[name]
    index, part = _unit_part(name)
    unit = row.units[index] if index < len(row.units) else None
    return 1.0 if unit is None or part == "enabled" else float(getattr(unit, part))


def _steer_unit(units: list[UnitParameters | None], name: str, override: Override) -> None:
    index, part = _unit_part(name)
    unit = units[index] if index < len(units) else None
    if unit is None:
        return
    if part == "enabled":
        if not override.effective(1.0):
            units[index] = replace(unit, weight=0.0)
        return
    value = _within(_UNIT_KINDS[part], override.effective(float(getattr(unit, part))))
    units[index] = UnitParameters(**{**vars(unit), part: value})


def _unit_part(name: str) -> tuple[int, str]:
    """The place among the units and the field that ``cn_N_...`` names."""
    _, number, part = name.split("_", 2)
    return int(number) - 1, part


def _within(kind: Series, value: float) -> float:
    value = float(round(value)) if kind.whole else value
    return min(kind.high, max(kind.low, value))
