"""How a value gets to its goal: the timing curves of CSS (cubic Béziers from 0, 0 to 1, 1)."""

from __future__ import annotations

EASINGS = {
    "linear": (0.0, 0.0, 1.0, 1.0),
    "ease": (0.25, 0.1, 0.25, 1.0),
    "ease-in": (0.42, 0.0, 1.0, 1.0),
    "ease-out": (0.0, 0.0, 0.58, 1.0),
    "ease-in-out": (0.42, 0.0, 0.58, 1.0),
}
"""Each curve's two control points: x1, y1, x2, y2."""

_HALVINGS = 60


def eased(easing: str, share: float) -> float:
    """How much of the way is done at ``share`` (0..1) of the time; exactly 0 and 1 at the ends."""
    if share <= 0 or share >= 1 or easing == "linear":
        return min(1.0, max(0.0, share))
    x1, y1, x2, y2 = EASINGS[easing]
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _bezier(x1, x2, middle) < share:
            low = middle
        else:
            high = middle
    return _bezier(y1, y2, (low + high) / 2)


def _bezier(a: float, b: float, t: float) -> float:
    """The coordinate at ``t`` of a curve from 0 by ``a`` and ``b`` to 1."""
    return 3 * a * t * (1 - t) ** 2 + 3 * b * t * t * (1 - t) + t**3
