"""What it costs an animation to be steered: reading commands, keeping what going back takes, pictures to watch.

``python -m bench.steering [--side 512] [--frames 120]`` renders one with an engine that takes no time, steered by
nobody, watched, and steered at every frame, and prints milliseconds of processor a frame. Exits with 1 when a frame
costs more than it may.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from studio.rendering.deforum.animator import Steered, animate
from studio.rendering.deforum.settings import export_settings, import_settings
from studio.rendering.deforum.steering.commands import Ack, Command
from studio.rendering.diffusion.interface import Generation
from studio.rendering.media.sink import FrameSink
from studio.rendering.pictures.arrays import Frames
from studio.rendering.plan import DeforumParams, ModelSpec, RenderPlan
from studio.rendering.ports import FramePictures, Progress, Unsteered
from studio.rendering.showing import Showing

MOST_WATCHED_MS, MOST_STEERED_MS = 5.0, 10.0
"""More than a frame that nobody can steer, at 512x512: a few per cent of what a model takes."""

_TURNS = 3


class _Ready:
    """An engine that gives what it was given."""

    def __init__(self, side: int) -> None:
        self._picture = np.random.default_rng(1).integers(0, 256, (1, side, side, 3), np.uint8)

    def generate(self, generation: Generation, *, init: Frames | None = None, **shape: Any) -> Frames:
        return self._picture if init is None else init

    def free_batch(self, height: int, width: int) -> int:
        return 1


@dataclass
class _Console(Unsteered):
    """Gives ``orders`` new commands each time it is asked."""

    work_dir: Path
    orders: int = 0
    live = True
    given: list[Command] = field(default_factory=list)

    def progress(self, progress: Progress) -> None:
        pass

    def should_stop(self) -> bool:
        return False

    def commands(self, after: int) -> Sequence[Command]:
        for _ in range(self.orders):
            number = len(self.given) + 1
            value = {"angle": {"value": number % 7}, "strength_schedule": {"value": 0.5 + number % 3 / 10}}
            self.given.append(Command(number, "set_smooth", {"values": value, "frames": 10, "easing": "ease"}))
        return self.given[after:]

    def applied(self, acks: Sequence[Ack]) -> None:
        # Those that come after the last frame are too late.
        assert all(ack.refused is None or "last frame" in ack.refused for ack in acks)

    def frame(self, index: int, record: Mapping[str, Any], pictures: FramePictures) -> None:
        pass


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--frames", type=int, default=120)
    options = parser.parse_args()
    plan = _plan(options.side, options.frames)
    ways: dict[str, Callable[[Path], _Console | None]] = {
        "by nobody": lambda folder: None,
        "watched, no command": lambda folder: _Console(folder),
        "one command a frame": lambda folder: _Console(folder, orders=1),
        "twenty commands a frame": lambda folder: _Console(folder, orders=20),
    }
    # In turns, the best of each: what else the machine does hits all of them alike.
    spent = {name: float("inf") for name in ways}
    for _ in range(_TURNS):
        for name, console in ways.items():
            spent[name] = min(spent[name], _seconds(plan, console) / options.frames * 1000)
    base = spent["by nobody"]
    print(f"| steered ({options.side}x{options.side}) | ms of processor a frame | more |\n|---|---|---|")
    for name, milliseconds in spent.items():
        print(f"| {name} | {milliseconds:.2f} | {milliseconds - base:.2f} |")
    within = spent["watched, no command"] - base <= MOST_WATCHED_MS
    return 0 if within and spent["one command a frame"] - base <= MOST_STEERED_MS else 1


def _plan(side: int, frames: int) -> RenderPlan:
    settings, _ = import_settings({"diffusion_cadence": 1, "angle": 1, "zoom": 1.01, "noise_schedule": 0})
    params = DeforumParams(export_settings(settings))
    return RenderPlan("deforum", ModelSpec("sd15", "none"), side, side, "24", frames, 7, params)


def _seconds(plan: RenderPlan, port: Callable[[Path], _Console | None]) -> float:
    with TemporaryDirectory() as name:
        folder = Path(name)
        console = port(folder)
        showing = Showing(console) if console else None
        with FrameSink(folder / "frames", width=plan.width, height=plan.height, fps=Fraction(24)) as sink:
            began = time.process_time()
            animate(
                plan,
                _Ready(plan.width),
                source=None,
                sink=sink,
                state_dir=folder / "state",
                should_stop=lambda: False,
                on_frame=lambda index, frame, record: _show(showing, index, frame, record),
                steered=Steered(showing, folder / "history") if showing else None,
            )
            return time.process_time() - began


def _show(showing: Showing | None, index: int, frame: Frames, record: Mapping[str, Any]) -> None:
    if showing:
        showing.frames(index, frame[None], [record])


if __name__ == "__main__":
    sys.exit(main())
