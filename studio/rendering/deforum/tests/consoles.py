"""Somebody who steers: commands that are given when so many frames are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.rendering.deforum.animator import Steered
from studio.rendering.deforum.steering.commands import Ack, Command
from studio.rendering.deforum.tests.doubles import FormulaEngine, MemorySink
from studio.rendering.deforum.tests.support import render
from studio.rendering.plan import RenderPlan

Order = tuple[str, Mapping[str, Any]]


@dataclass
class Console:
    """A port whose commands are stored as a database would: what was given once is there until its ack."""

    sink: MemorySink
    orders: dict[int, list[Order]] = field(default_factory=dict)
    """Given, once, as soon as that many frames are done."""
    waiting: list[list[Order]] = field(default_factory=list)
    """Given one after another while the animation is paused."""
    given: list[Command] = field(default_factory=list)
    acks: dict[int, Ack] = field(default_factory=dict)
    told: list[Ack] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    """Frames done at each reading."""

    def commands(self, after: int) -> Sequence[Command]:
        self.reads.append(self.sink.frames_done)
        for frames in sorted(self.orders):
            if frames <= self.sink.frames_done:
                self.give(*self.orders.pop(frames))
        return [command for command in self.given if command.number > after]

    def applied(self, acks: Sequence[Ack]) -> None:
        self.told += acks
        for ack in acks:
            assert self.acks.setdefault(ack.number, ack) == ack

    def paused(self, frame: int) -> bool:
        assert frame == self.sink.frames_done
        if not self.waiting:
            return False
        self.give(*self.waiting.pop(0))
        return True

    def give(self, *orders: Order) -> None:
        for kind, body in orders:
            self.given.append(Command(len(self.given) + 1, kind, body))

    def column(self, name: str) -> list[Any]:
        """What the frames were made with."""
        return [record[name] for record in self.sink.records]


def steer(
    plan: RenderPlan,
    folder: Path,
    orders: dict[int, list[Order]] | None = None,
    *,
    console: Console | None = None,
    engine: FormulaEngine | None = None,
    most_steps: Any = None,
    **inputs: Any,
) -> Console:
    """Animate ``plan`` in ``folder`` while somebody steers; a console that is passed in goes on."""
    console = console or Console(MemorySink(), dict(orders or {}))
    steered = Steered(port=console, history=folder / "history", most_steps=most_steps)
    folder.mkdir(parents=True, exist_ok=True)
    render(plan, folder / "state", engine=engine, sink=console.sink, steered=steered, **inputs)
    return console


def setting(name: str, value: float | str | None = None, mode: str | None = None) -> Order:
    """A command that sets one value at once."""
    return "set", {"values": {name: _wish(value, mode)}}


def moving(name: str, value: float | None, frames: int, mode: str | None = None, **more: Any) -> Order:
    """A command that sets one value over some frames."""
    return "set_smooth", {"values": {name: _wish(value, mode)}, "frames": frames, **more}


def _wish(value: float | str | None, mode: str | None) -> dict[str, Any]:
    said = {"value": value, "mode": mode}
    return {key: given for key, given in said.items() if given is not None}
