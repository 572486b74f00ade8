"""When pictures are shown: rate, evenness and length from how long each of them is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

MAX_FPS = 240
_STANDARD_RATES = tuple(Fraction(n) for n in (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120)) + tuple(
    Fraction(n * 1000, 1001) for n in (24, 30, 60, 120)
)


@dataclass(frozen=True)
class Pace:
    fps: Fraction
    is_vfr: bool
    seconds: float


def pace_of(steps: Sequence[int], last: int, tick: Fraction, declared: Fraction | None = None) -> Pace:
    """The pace of pictures that follow each other in ``steps``, the last one seen for ``last`` (0: unknown).

    Both count ticks of ``tick`` seconds. ``declared`` is the rate that the container claims, taken where it fits.
    """
    even = not steps or max(steps) - min(steps) <= max(2, _usual(steps) / 5)
    last = last or (_usual(steps) if steps else 0)
    span = sum(steps) + last
    if not steps or not sum(steps):
        fps = declared or (1 / (span * tick) if span else Fraction(25))
    elif even:
        # Containers that count milliseconds turn a constant 30 fps into steps of 33 and 34: that is one rate.
        measured = len(steps) / (sum(steps) * tick)
        tolerance = max(Fraction(2, sum(steps)), Fraction(1, 5000))
        fps = _named(measured, tolerance, declared)
    else:
        fps = _variable(steps, last, tick)
    fps = _bounded(fps)
    count = len(steps) + 1
    seconds = float(span * tick) or float(count / fps)
    # Evenly spaced, and yet not shown for as long as that many frames are: the last one is held, or the rate is
    # slower than any we render at.
    if even and abs(seconds - count / fps) > 0.1 + seconds / 2000:
        even = False
        if steps and sum(steps):
            fps = _bounded(_variable(steps, last, tick))
    return Pace(fps, not even, seconds)


def _variable(steps: Sequence[int], last: int, tick: Fraction) -> Fraction:
    """A variable rate is named by its usual step: frames that a phone dropped don't make it a slower video."""
    usual = _usual([step for step in (*steps, last) if step])
    return _named(1 / (usual * tick), Fraction(1, 50), None)


def _named(measured: Fraction, tolerance: Fraction, declared: Fraction | None) -> Fraction:
    candidates = sorted(_STANDARD_RATES, key=lambda rate: abs(rate - measured))
    if declared:
        candidates.insert(0, declared)
    near = (rate for rate in candidates if abs(rate / measured - 1) <= tolerance)
    return next(near, measured.limit_denominator(1001))


def _usual(steps: Sequence[int]) -> int:
    return sorted(steps)[(len(steps) - 1) // 2]


def _bounded(fps: Fraction) -> Fraction:
    return min(max(fps, Fraction(1)), Fraction(MAX_FPS))
