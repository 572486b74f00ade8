"""Tiny implementations of what the animator works with: an engine that is a formula, a sink in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.rendering.diffusion.interface import Generation
from studio.rendering.errors import Cancelled
from studio.rendering.pictures.arrays import Frames


@dataclass
class Call:
    """One request as the engine saw it."""

    generation: Generation
    init: Frames | None
    control_frames: list[Frames]
    mask: NDArray[np.float32] | None
    count: int


@dataclass
class FormulaEngine:
    """Mixes the init with a picture that depends on nothing but the seed and the prompts. Keeps what it was asked."""

    calls: list[Call] = field(default_factory=list)
    exact: bool = False
    """Return the init image itself: shows what the workflow alone does to it."""

    def generate(
        self,
        generation: Generation,
        *,
        height: int,
        width: int,
        count: int = 1,
        init: Frames | None = None,
        control_frames: Sequence[Frames] = (),
        mask: NDArray[np.float32] | None = None,
        anchor: Frames | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Frames:
        if should_stop():
            raise Cancelled
        self.calls.append(Call(generation, None if init is None else init.copy(), list(control_frames), mask, count))
        key = [generation.seed, *"".join(p.text for p in generation.prompts).encode()]
        coarse = np.random.default_rng(key).integers(0, 256, (height // 8, width // 8, 3)).astype(np.float64)
        picture = np.broadcast_to(np.kron(coarse, np.ones((8, 8, 1))), (count, height, width, 3))
        if init is None:
            return picture.astype(np.uint8)
        if self.exact:
            return init.copy()
        share = generation.denoising * (1.0 if mask is None else mask[None, ..., None])
        return np.rint(init * (1 - share) + picture * share).astype(np.uint8)

    def free_batch(self, height: int, width: int) -> int:
        return 8


@dataclass
class MemorySink:
    """A frame sink that is a list."""

    frames: list[NDArray[np.uint8]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)

    @property
    def frames_done(self) -> int:
        return len(self.frames)

    def append(self, frames: Frames, records: list[dict[str, Any]]) -> None:
        assert len(frames) == len(records)
        self.frames += [frame.copy() for frame in frames]
        self.records += records

    def truncate(self, count: int) -> None:
        del self.frames[count:], self.records[count:]

    def holds(self, count: int) -> bool:
        return True

    def recorded(self, start: int, stop: int) -> list[dict[str, Any]]:
        return self.records[start:stop]

    @property
    def video(self) -> Frames:
        return np.stack(self.frames)
