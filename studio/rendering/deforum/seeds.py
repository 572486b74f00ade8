"""Seed behaviours. A seed advances after each diffused frame, not after each emitted one, and is a uint32."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from studio.rendering.plan import MAX_SEED

SeedBehavior = Literal["iter", "fixed", "random", "ladder", "alternate", "schedule"]
SEED_BEHAVIORS: tuple[str, ...] = get_args(SeedBehavior)
RANDOM = -1
"""In a seed schedule: draw one."""

_SPAN = MAX_SEED + 1


def drawn_seed(*key: int) -> int:
    """A uint32 that depends on nothing but ``key`` (non-negative): random, and the same in every run."""
    return int(np.random.SeedSequence(key).generate_state(1)[0])


@dataclass(frozen=True)
class SeedState:
    """Where a seed sequence stands; all that a resumed render needs to go on with it."""

    initial: int
    seed: int
    counter: int = 0
    """Diffused frames so far."""

    @classmethod
    def start(cls, seed: int) -> SeedState:
        return cls(initial=seed % _SPAN, seed=seed % _SPAN)

    def at(self, behavior: str, scheduled: float, frame: int) -> SeedState:
        """The state whose ``seed`` is frame ``frame``'s; ``scheduled`` is the seed schedule's value there."""
        if behavior != "schedule":
            return self
        seed = drawn_seed(self.initial, frame) if int(scheduled) == RANDOM else int(scheduled) % _SPAN
        return replace(self, seed=seed)

    def advanced(self, behavior: str, every: int = 1) -> SeedState:
        """The state after one diffused frame. ``every`` is ``seed_iter_N``: ``iter`` adds 1 at each N-th frame."""
        counter = self.counter + 1
        if behavior == "random":
            return replace(self, seed=drawn_seed(self.initial, counter, 1), counter=counter)
        even = self.counter % 2 == 0
        step = {
            "iter": int(self.counter % every == 0),
            "ladder": 2 if even else -1,
            "alternate": 1 if even else -1,
        }.get(behavior, 0)
        return replace(self, seed=(self.seed + step) % _SPAN, counter=counter)
