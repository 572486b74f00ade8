"""What earlier frames were made from, on disk while an animation is rendered: one picture for each diffused frame, and
a line for each turn of the animation.

From it the state after any frame can be had again without the model: layers are moved as they were, by the rows of the
frame table. It is no part of a checkpoint; where some of it is missing the animation can't go back that far.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from studio.rendering.deforum.checkpoint import State
from studio.rendering.deforum.seeds import SeedState
from studio.rendering.deforum.steering.live import LiveState
from studio.rendering.media import durable
from studio.rendering.pictures.arrays import Image

MOST_BYTES = 2**30
"""What is kept of one animation; the oldest goes first."""
SPARE_BYTES = 2 * 2**30
"""Of the disk, for everything else: with less nothing is kept."""


@dataclass(frozen=True)
class Turn:
    """The frames ``first``..``stop - 1``, which were emitted together."""

    first: int
    stop: int
    seeds: SeedState
    """Of the state after them."""
    live: Mapping[str, object] | None
    """The live values that they were begun with, commands applied; None is none."""
    start: int | None = None
    """Where their group was diffused; None in modes without motion."""
    cadence: int = 1
    seed: int = 0
    older: int | None = None
    """The frame whose picture is the group's older layer."""
    colour: int | None = None
    """Which of the colour samples is theirs."""

    def restored(self, live: LiveState, count: int) -> LiveState:
        """``live`` with the values as they were after ``count`` frames of the animation."""
        restored = live.with_values_json(self.live or LiveState().values_json())
        for _ in range(self.first, count):
            restored = restored.stepped()
        return restored


def has_room(folder: Path) -> bool:
    """Whether the disk has room for what only going back takes."""
    return shutil.disk_usage(folder).free > SPARE_BYTES


class History:
    """The turns of one animation and their pictures, in a folder of their own."""

    def __init__(self, folder: Path, canvas: tuple[int, int]) -> None:
        """``canvas`` is the (height, width) of the pictures."""
        self._folder = folder
        self._least = canvas[0] * canvas[1] * 3
        self._lines = folder / "turns.jsonl"
        self._turns = _read(self._lines)
        self._colours = max((turn.colour for turn in self._turns if turn.colour is not None), default=-1)
        self._colour: Image | None = None
        self._bytes = sum(path.stat().st_size for path in folder.glob("*.npy")) if folder.exists() else 0

    @property
    def earliest(self) -> int | None:
        """The fewest frames that the animation can go back to; None: nowhere."""
        return self._turns[0].first + 1 if self._turns else None

    def turn(self, count: int) -> Turn | None:
        """The turn that emitted frame ``count - 1``, if all that its state takes is there."""
        for turn in reversed(self._turns):
            if turn.first < count <= turn.stop:
                # A power cut leaves files without what was written into them.
                whole = all(durable.size(self._picture(name)) > self._least for name in _pictures(turn))
                return turn if whole else None
        return None

    def image(self, origin: int) -> Image:
        """The picture that was diffused at frame ``origin``."""
        return np.load(self._picture(f"{origin:06d}"), allow_pickle=False)

    def colour(self, number: int | None) -> Image | None:
        """A colour sample."""
        return None if number is None else np.load(self._picture(f"colour-{number}"), allow_pickle=False)

    def begin(self, state: State) -> None:
        """Fit what is there to the state that the animation goes on from; what came before it is known by its end."""
        self.cut(state.emitted)
        if self._turns:
            # A crash may have torn the last line.
            self._write()
        if state.emitted and (not self._turns or self._turns[-1].stop != state.emitted):
            self.clear()
            self.add(state.emitted - 1, state, state.live)

    def add(self, first: int, state: State, live: LiveState | None) -> None:
        """Keep the turn from frame ``first`` on that led to ``state``, begun with ``live``."""
        try:
            if not has_room(self._folder.parent):
                return
            self._folder.mkdir(exist_ok=True)
            turn = self._noted(first, state, live)
            with self._lines.open("ab") as lines:
                lines.write(_line(turn))
            self._turns.append(turn)
            while self._bytes > MOST_BYTES and len(self._turns) > 1:
                self._forget_oldest()
        except OSError:
            # A full disk ends no render that could go on without this.
            self.clear()

    def cut(self, count: int) -> None:
        """Forget what comes after the first ``count`` frames, and what no turn knows of."""
        kept = [replace(turn, stop=min(turn.stop, count)) for turn in self._turns if turn.first < count]
        if not kept:
            self.clear()
            return
        needed = {self._picture(name) for turn in kept for name in _pictures(turn)}
        for path in set(self._folder.glob("*.npy")) - needed:
            self._drop(path)
        if kept != self._turns:
            self._turns = kept
            self._write()

    def _write(self) -> None:
        self._lines.write_bytes(b"".join(map(_line, self._turns)))

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._turns, self._bytes, self._colour, self._colours = [], 0, None, -1

    def _noted(self, first: int, state: State, live: LiveState | None) -> Turn:
        colour = None
        if state.colour_sample is not None:
            if state.colour_sample is not self._colour:
                self._colours += 1
                self._keep(f"colour-{self._colours}", state.colour_sample)
                self._colour = state.colour_sample
            colour = self._colours
        values = live.values_json() if live and live.has_values else None
        noted = Turn(first, state.emitted, state.seeds, values, colour=colour)
        group = state.group
        if group is None:
            return noted
        for layer in (group.newer, group.older):
            if layer and not self._picture(f"{layer.origin:06d}").exists():
                self._keep(f"{layer.origin:06d}", layer.image)
        older = group.older.origin if group.older else None
        return replace(noted, start=group.start, cadence=group.cadence, seed=group.seed, older=older)

    def _keep(self, name: str, image: Image) -> None:
        path = self._picture(name)
        np.save(path, image, allow_pickle=False)
        self._bytes += path.stat().st_size

    def _forget_oldest(self) -> None:
        gone = self._turns.pop(0)
        needed = {name for turn in self._turns for name in _pictures(turn)}
        for name in set(_pictures(gone)) - needed:
            self._drop(self._picture(name))

    def _drop(self, path: Path) -> None:
        self._bytes -= path.stat().st_size
        path.unlink()

    def _picture(self, name: str) -> Path:
        return self._folder / f"{name}.npy"


def _pictures(turn: Turn) -> list[str]:
    layers = [f"{origin:06d}" for origin in (turn.start, turn.older) if origin is not None]
    return layers if turn.colour is None else [*layers, f"colour-{turn.colour}"]


def _line(turn: Turn) -> bytes:
    return json.dumps(asdict(turn), separators=(",", ":")).encode() + b"\n"


def _read(path: Path) -> list[Turn]:
    """The turns that are there; a line that a crash tore ends them."""
    turns: list[Turn] = []
    try:
        for line in path.read_bytes().splitlines():
            data = json.loads(line)
            turns.append(Turn(**{**data, "seeds": SeedState(**data["seeds"])}))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return turns
