"""The objects that scenes place, drawn around ``x`` and, standing, upwards from ``y`` in the painter's unit frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.painter import Painter, Rgb

OBJECTS = ("sun", "moon", "balloon", "house", "tree", "boat", "tower", "car", "person", "flower")
AIRBORNE = frozenset({"sun", "moon", "balloon"})
SKIN: tuple[Rgb, ...] = ((245, 208, 178), (224, 172, 132), (168, 112, 76), (104, 66, 46))


def draw_thing(painter: Painter, thing: str, x: float, colour_name: str) -> None:
    """Draw ``thing`` at ``x`` in the named colour: airborne ones near the top, the others standing near the bottom."""
    p = painter
    size = p.rng.uniform(0.9, 1.15)
    colour = p.colour(colour_name)
    label = p.label("object", np.clip(colour + 8, 0, 255), colour * 0.9)
    y = p.rng.uniform(0.19, 0.25) if thing in AIRBORNE else p.rng.uniform(0.85, 0.9)
    _THINGS[thing](p, x, y, size, label, colour)


_Thing = Callable[[Painter, float, float, float, int, NDArray[np.float64]], None]


def _sun(p: Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        tip, side = np.array((np.cos(angle), np.sin(angle))), np.array((-np.sin(angle), np.cos(angle)))
        p.fill(np.array((x, y)) + s * np.array([0.13 * tip - 0.03 * side, 0.19 * tip, 0.13 * tip + 0.03 * side]), label)
    p.oval(x, y, 0.125 * s, 0.125 * s, label)


def _moon(p: Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    outer, inner = np.linspace(-1.9, 1.9, 24), np.linspace(1.35, -1.35, 24)
    arc = np.stack([np.cos(outer), np.sin(outer)], 1) * 0.15 * s
    bite = np.stack([np.cos(inner) * 0.75 - 0.55, np.sin(inner)], 1) * 0.146 * s
    p.fill(np.concatenate([arc, bite]) + np.array((x, y)), label)


def _balloon(p: Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    p.fill(
        [
            (x - 0.1 * s, y + 0.06 * s),
            (x + 0.1 * s, y + 0.06 * s),
            (x + 0.03 * s, y + 0.2 * s),
            (x - 0.03 * s, y + 0.2 * s),
        ],
        label,
    )
    p.oval(x, y, 0.125 * s, 0.14 * s, label)
    p.box(x - 0.03 * s, y + 0.21 * s, x + 0.03 * s, y + 0.255 * s, p.label("detail", p.colour("brown")))


def _house(p: Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    p.box(x - 0.15 * s, y - 0.2 * s, x + 0.15 * s, y, label)
    p.fill(
        [(x - 0.19 * s, y - 0.2 * s), (x, y - 0.36 * s), (x + 0.19 * s, y - 0.2 * s)], p.label("object", colour * 0.68)
    )
    p.box(x - 0.035 * s, y - 0.12 * s, x + 0.035 * s, y, p.label("detail", colour * 0.4))
    window = p.label("detail", np.array((250, 240, 190.0)))
    for side in (-1, 1):
        p.box(x + side * 0.09 * s - 0.025 * s, y - 0.15 * s, x + side * 0.09 * s + 0.025 * s, y - 0.1 * s, window)


def _tree(p: Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    p.box(x - 0.025 * s, y - 0.2 * s, x + 0.025 * s, y, p.label("detail", p.colour("brown") * 0.8))
    for dx, dy, r in ((-0.09, -0.25, 0.1), (0.09, -0.25, 0.1), (0, -0.36, 0.12), (0, -0.25, 0.11)):
        p.oval(x + dx * s, y + dy * s, r * s, r * s, label)


def _boat(p: Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    y -= 0.08
    p.fill(
        [
            (x - 0.2 * s, y - 0.07 * s),
            (x + 0.2 * s, y - 0.07 * s),
            (x + 0.13 * s, y + 0.03 * s),
            (x - 0.13 * s, y + 0.03 * s),
        ],
        p.label("object", colour * 0.72),
    )
    p.fill([(x - 0.01, y - 0.09 * s), (x - 0.01, y - 0.42 * s), (x + 0.18 * s, y - 0.09 * s)], label)
    p.fill([(x - 0.025, y - 0.09 * s), (x - 0.025, y - 0.34 * s), (x - 0.15 * s, y - 0.09 * s)], label)


def _tower(p: Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    p.fill([(x - 0.085 * s, y), (x - 0.06 * s, y - 0.4 * s), (x + 0.06 * s, y - 0.4 * s), (x + 0.085 * s, y)], label)
    p.box(x - 0.08 * s, y - 0.44 * s, x + 0.08 * s, y - 0.39 * s, p.label("detail", colour * 0.5))
    p.fill(
        [(x - 0.075 * s, y - 0.44 * s), (x, y - 0.56 * s), (x + 0.075 * s, y - 0.44 * s)],
        p.label("object", colour * 0.72),
    )


def _car(p: Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    y += 0.02
    p.fill(
        [
            (x - 0.12 * s, y - 0.13 * s),
            (x - 0.07 * s, y - 0.23 * s),
            (x + 0.07 * s, y - 0.23 * s),
            (x + 0.13 * s, y - 0.13 * s),
        ],
        label,
    )
    p.box(x - 0.06 * s, y - 0.2 * s, x + 0.06 * s, y - 0.14 * s, p.label("detail", np.array((214, 232, 240.0))))
    p.box(x - 0.21 * s, y - 0.14 * s, x + 0.21 * s, y - 0.03 * s, label)
    wheel = p.label("detail", np.array((26, 26, 30.0)))
    for side in (-1, 1):
        p.oval(x + side * 0.12 * s, y - 0.03 * s, 0.045 * s, 0.045 * s, wheel)


def _person(p: Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    y += 0.05
    skin = p.label("detail", np.array(SKIN[p.rng.integers(len(SKIN))], float))
    legs = p.label("detail", colour * 0.45)
    for side in (-1, 1):
        p.box(x + side * 0.04 * s - 0.028 * s, y - 0.17 * s, x + side * 0.04 * s + 0.028 * s, y, legs)
        p.fill(
            [
                (x + side * 0.06 * s, y - 0.35 * s),
                (x + side * 0.15 * s, y - 0.2 * s),
                (x + side * 0.1 * s, y - 0.18 * s),
            ],
            label,
        )
    p.box(x - 0.085 * s, y - 0.37 * s, x + 0.085 * s, y - 0.15 * s, label)
    p.oval(x, y - 0.44 * s, 0.062 * s, 0.072 * s, skin)


def _flower(p: Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    stem = p.label("detail", p.colour("green") * 0.8)
    p.box(x - 0.012, y - 0.25 * s, x + 0.012, y + 0.03, stem)
    p.fill([(x, y - 0.05 * s), (x + 0.1 * s, y - 0.14 * s), (x + 0.03 * s, y - 0.03 * s)], stem)
    for angle in np.linspace(0, 2 * np.pi, 6, endpoint=False):
        p.oval(x + 0.088 * s * np.cos(angle), y - 0.3 * s + 0.088 * s * np.sin(angle), 0.062 * s, 0.062 * s, label)
    p.oval(x, y - 0.3 * s, 0.045 * s, 0.045 * s, p.label("detail", np.array((250, 220, 90.0))))


_THINGS: dict[str, _Thing] = {
    "sun": _sun,
    "moon": _moon,
    "balloon": _balloon,
    "house": _house,
    "tree": _tree,
    "boat": _boat,
    "tower": _tower,
    "car": _car,
    "person": _person,
    "flower": _flower,
}
