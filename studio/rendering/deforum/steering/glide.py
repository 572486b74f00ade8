"""A value on its way from where it stands to a goal, a step at every frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

from studio.rendering.deforum.steering.easing import eased

DECIMALS = 6
"""Of a live value: a settings file that says it at every frame stays short."""


@dataclass(frozen=True)
class Glide:
    """A value on its way from ``start`` to ``goal``, there after ``frames``; None is what the schedule says then."""

    start: float
    goal: float | None
    frames: int = 0
    done: int = 0
    easing: str = "linear"

    @classmethod
    def still(cls, value: float) -> Glide:
        return cls(value, value)

    @property
    def frames_left(self) -> int:
        return self.frames - self.done

    def at(self, scheduled: float = 0.0) -> float:
        """Where it stands."""
        goal = scheduled if self.goal is None else self.goal
        if not self.frames_left:
            return goal
        return round(self.start + (goal - self.start) * eased(self.easing, self.done / self.frames), DECIMALS)

    def stepped(self) -> Glide:
        """One frame on."""
        return replace(self, done=self.done + 1) if self.frames_left else self
