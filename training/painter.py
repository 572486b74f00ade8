"""Pictures as ordered polygons over one label map.

Each polygon gets a label; a label has a role (sky, ground, object, detail) and a vertical colour gradient. So the
picture, its outlines and its ground truth all come from the same map.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = tuple[int, int, int]

COLOURS: dict[str, Rgb] = {
    "red": (214, 40, 40),
    "orange": (244, 132, 28),
    "yellow": (246, 212, 46),
    "green": (58, 158, 62),
    "cyan": (44, 196, 206),
    "blue": (40, 88, 208),
    "purple": (126, 56, 184),
    "pink": (240, 116, 176),
    "brown": (128, 82, 44),
    "white": (238, 238, 234),
    "grey": (134, 138, 144),
    "black": (30, 30, 36),
}
ROLES = ("detail", "sky", "ground", "object")


@dataclass
class Drawing:
    """``rgb`` (h, w, 3) uint8; ``labels`` (h, w) uint8; ``roles[label]`` indexes ROLES."""

    rgb: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    roles: NDArray[np.uint8]

    def mask(self, role: str) -> NDArray[np.bool_]:
        """Where ``role`` is visible, (h, w)."""
        return self.roles[self.labels] == ROLES.index(role)


@dataclass
class Painter:
    """Collects polygons in a unit frame: y runs 0..1 downwards, x runs 0..aspect."""

    rng: np.random.Generator
    aspect: float
    time: float
    polygons: list[tuple[NDArray[np.float64], int]] = field(default_factory=list)
    tops: list[NDArray[np.float64]] = field(default_factory=list)
    bottoms: list[NDArray[np.float64]] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)

    def colour(self, name: str, jitter: float = 10.0) -> NDArray[np.float64]:
        return np.clip(np.array(COLOURS[name], float) + self.rng.normal(0, jitter, 3), 0, 255)

    def label(self, role: str, top: NDArray[np.float64], bottom: NDArray[np.float64] | None = None) -> int:
        self.tops.append(np.asarray(top, float))
        self.bottoms.append(np.asarray(top if bottom is None else bottom, float))
        self.roles.append(ROLES.index(role))
        return len(self.roles) - 1

    def backdrop(self, colour: str) -> None:
        base = self.colour(colour)
        self.label("sky", base * self.rng.uniform(0.8, 1.0), np.clip(base * 1.08 + 12, 0, 255))

    def fill(self, points: object, label: int) -> None:
        self.polygons.append((np.asarray(points, float), label))

    def box(self, x0: float, y0: float, x1: float, y1: float, label: int) -> None:
        self.fill([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], label)

    def oval(
        self, x: float, y: float, rx: float, ry: float, label: int, start: float = 0.0, stop: float = 2 * np.pi
    ) -> None:
        angle = np.linspace(start, stop, 28)
        self.fill(np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], 1), label)

    def ridge(self, level: float, height: float, roughness: float, label: int, *, parallax: float = 0.0) -> None:
        """Fill below a wavy line of the given level; ``roughness`` 0 is smooth dunes, 1 is jagged rock."""
        x = np.linspace(0, self.aspect, 48)
        shifted = x + parallax * self.time
        y = np.zeros_like(x)
        for octave in range(5):
            frequency = 1.3 * 2.0**octave
            phase = self.rng.uniform(0, 2 * np.pi)
            wave = np.sin(frequency * 2 * shifted + phase)
            sharp = 1 - 2 * np.abs(((frequency * shifted / np.pi + phase) % 2) - 1)
            y += (wave * (1 - roughness) + sharp * roughness) * (0.35 + 0.3 * roughness) ** octave
        line = np.stack([x, level - height * y], 1)
        self.fill(np.concatenate([line, [(self.aspect, 1.05), (0, 1.05)]]), label)

    def finish(self, height: int, width: int) -> Drawing:
        scale = 2 * height
        labels = np.zeros((2 * height, 2 * width), np.uint8)
        for points, label in self.polygons:
            cv2.fillPoly(labels, [np.round(points * scale * 8).astype(np.int32)], label, shift=3)
        t = (np.arange(2 * height) / (2 * height))[:, None, None]
        top, bottom = np.array(self.tops, np.float32)[labels], np.array(self.bottoms, np.float32)[labels]
        rgb = top + (bottom - top) * t.astype(np.float32)
        small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
        return Drawing(small.astype(np.uint8), np.ascontiguousarray(labels[::2, ::2]), np.array(self.roles, np.uint8))
