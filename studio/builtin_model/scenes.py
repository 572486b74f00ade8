"""Procedural pictures: a seeded scene is drawn as flat regions that the styles then repaint.

A scene is an ordered list of polygons. Each polygon gets a label; a label has a role (sky, ground, object, detail) and a
vertical colour gradient, so the picture, its outlines and its ground truth all come from one label map.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

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
CHROMATIC = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
KINDS = ("mountains", "sea", "forest", "city", "desert", "plain", "portrait", "abstract")
OBJECTS = ("sun", "moon", "balloon", "house", "tree", "boat", "tower", "car", "person", "flower")
AIRBORNE = frozenset({"sun", "moon", "balloon"})
PLACES = {"left": 0.24, "centre": 0.5, "right": 0.76}
ROLES = ("detail", "sky", "ground", "object")

USUAL_SKY = ("blue", "cyan", "orange", "pink", "purple", "grey", "white", "black")
USUAL_GROUND = {
    "mountains": ("grey", "blue", "purple", "brown", "white"),
    "sea": ("blue", "cyan", "green"),
    "forest": ("green", "brown", "orange"),
    "city": ("grey", "blue", "purple", "black"),
    "desert": ("orange", "yellow", "brown"),
    "plain": ("green", "yellow", "brown"),
    "portrait": CHROMATIC,
    "abstract": CHROMATIC,
}
SKIN: tuple[Rgb, ...] = ((245, 208, 178), (224, 172, 132), (168, 112, 76), (104, 66, 46))


@dataclass(frozen=True)
class Scene:
    """What a picture shows. ``thing`` is "" where there is no object; a portrait's ``thing_colour`` is its hair."""

    kind: str
    style: str
    sky: str
    ground: str
    thing: str
    thing_colour: str
    place: str
    seed: int


@dataclass
class Drawing:
    """``rgb`` (h, w, 3) uint8; ``labels`` (h, w) uint8; ``roles[label]`` indexes ROLES."""

    rgb: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    roles: NDArray[np.uint8]

    def mask(self, role: str) -> NDArray[np.bool_]:
        """Where ``role`` is visible, (h, w)."""
        return self.roles[self.labels] == ROLES.index(role)


def sample_scene(rng: np.random.Generator, *, style: str) -> Scene:
    """Draw a scene at random: half with usual colours (blue skies), half with any."""
    kind = str(rng.choice(KINDS))
    unusual = rng.random() < 0.6
    names = tuple(COLOURS)
    sky = str(rng.choice(names if unusual else USUAL_SKY))
    ground = str(rng.choice(names if unusual else USUAL_GROUND[kind]))
    while ground == sky:
        ground = str(rng.choice(names))
    thing = str(rng.choice(OBJECTS)) if kind not in ("portrait", "abstract") and rng.random() < 0.7 else ""
    if kind == "sea" and thing in ("house", "tree", "car", "flower"):
        thing = "boat"
    thing_colour = str(rng.choice([name for name in names if name not in (sky, ground)]))
    return Scene(kind, style, sky, ground, thing, thing_colour, str(rng.choice(tuple(PLACES))), int(rng.integers(2**31)))


def scene_at(index: int, *, styles: tuple[str, ...], seed: int = 0) -> Scene:
    """Scene number ``index`` of the endless, style-balanced set ``seed``."""
    return sample_scene(np.random.default_rng([seed, index]), style=styles[index % len(styles)])


def draw(scene: Scene, height: int = 128, width: int = 128, *, time: float = 0.0) -> Drawing:
    """Draw the flat picture of ``scene``.

    ``time`` moves what moves (objects drift, distant layers scroll slower) by about a quarter of the width per unit.
    Drawn at twice the size and averaged down, which is the antialiasing.
    """
    painter = _Painter(np.random.default_rng([scene.seed, zlib.crc32(scene.kind.encode())]), width / height, time)
    painter.backdrop(scene.sky)
    _KINDS[scene.kind](painter, scene)
    return painter.finish(height, width)


def with_style(scene: Scene, style: str) -> Scene:
    return replace(scene, style=style)


@dataclass
class _Painter:
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

    def oval(self, x: float, y: float, rx: float, ry: float, label: int, start: float = 0.0, stop: float = 2 * np.pi) -> None:
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


def _mountains(p: _Painter, scene: Scene) -> None:
    base = p.colour(scene.ground)
    if scene.thing in AIRBORNE:
        _thing(p, scene)
    for depth, level in enumerate((0.5, 0.62)):
        shade = base * (0.9 + 0.1 * depth) + (26 if depth == 0 else 0)
        p.ridge(level, 0.13, 0.8, p.label("ground", np.clip(shade + 18, 0, 255), shade * 0.9), parallax=0.1 + 0.1 * depth)
    p.ridge(0.84, 0.04, 0.3, p.label("ground", base * 0.95, base * 0.75), parallax=0.25)
    if scene.thing not in AIRBORNE:
        _thing(p, scene)


def _sea(p: _Painter, scene: Scene) -> None:
    base = p.colour(scene.ground)
    horizon = p.rng.uniform(0.46, 0.6)
    _thing(p, scene, airborne_only=True)
    p.ridge(horizon, 0.0, 0, p.label("ground", np.clip(base * 1.05 + 10, 0, 255), base * 0.8))
    crest = p.label("ground", np.clip(base * 1.1 + 38, 0, 255))
    for _ in range(12):
        y = horizon + (0.98 - horizon) * p.rng.uniform(0.05, 1)
        size = 0.02 + 0.12 * (y - horizon)
        x = (p.rng.uniform(0, p.aspect) + 0.25 * p.time) % p.aspect
        p.fill([(x - size * 1.6, y), (x, y - size * 0.22), (x + size * 1.6, y), (x, y + size * 0.08)], crest)
    _thing(p, scene, airborne_only=False)


def _forest(p: _Painter, scene: Scene) -> None:
    base = p.colour(scene.ground)
    _thing(p, scene, airborne_only=True)
    far, trunk = p.label("ground", np.clip(base * 0.9 + 26, 0, 255), base * 0.85), p.label("detail", p.colour("brown") * 0.7)
    near = p.label("ground", np.clip(base + 8, 0, 255), base * 0.7)
    p.ridge(0.56, 0.03, 0.9, far, parallax=0.1)
    for layer, label in ((0.72, far), (0.86, near)):
        pointed = p.rng.random() < 0.6
        for i in range(8):
            x = ((i + p.rng.uniform(0.2, 0.8)) / 8 * (p.aspect + 0.2) + 0.2 * p.time * layer) % (p.aspect + 0.2) - 0.1
            tall = p.rng.uniform(0.26, 0.36)
            p.box(x - 0.012, layer - 0.1, x + 0.012, layer + 0.04, trunk)
            if pointed:
                for k in range(3):
                    y, half = layer - tall * k / 3, 0.085 - 0.02 * k
                    p.fill([(x - half, y), (x, y - tall * 0.5), (x + half, y)], label)
            else:
                p.oval(x, layer - 0.16, 0.085, 0.12, label)
    p.ridge(0.87, 0.015, 0.2, p.label("ground", base * 0.92, base * 0.72), parallax=0.25)
    _thing(p, scene, airborne_only=False)


def _city(p: _Painter, scene: Scene) -> None:
    base = p.colour(scene.ground)
    _thing(p, scene, airborne_only=True)
    window = p.label("detail", np.clip(base * 0.4 + 150, 0, 255))
    for depth in range(2):
        at, shift = -0.3, 0.15 * p.time * (1 + depth)
        while at < p.aspect + 0.1:
            x = at + shift
            wide, top = p.rng.uniform(0.1, 0.18), p.rng.uniform(0.3, 0.55) + 0.12 * depth
            shade = np.clip(base * p.rng.uniform(0.72, 1.0) + (22 if depth == 0 else 0), 0, 255)
            p.box(x, top, x + wide, 1.05, p.label("ground", shade, shade * 0.82))
            if depth:
                for row in np.arange(top + 0.05, 0.84, 0.07):
                    for column in np.arange(x + 0.025, x + wide - 0.03, 0.045):
                        p.box(column, row, column + 0.018, row + 0.03, window)
            at += wide + p.rng.uniform(0, 0.015)
    p.box(0, 0.88, p.aspect, 1.05, p.label("ground", base * 0.75, base * 0.65))
    _thing(p, scene, airborne_only=False)


def _desert(p: _Painter, scene: Scene) -> None:
    base = p.colour(scene.ground)
    _thing(p, scene, airborne_only=True)
    for depth, level in enumerate((0.56, 0.7, 0.86)):
        shade = np.clip(base * (1.08 - 0.1 * depth), 0, 255)
        p.ridge(level, 0.05, 0.05, p.label("ground", np.clip(shade + 14, 0, 255), shade * 0.84), parallax=0.1 * (depth + 1))
    _thing(p, scene, airborne_only=False)


def _plain(p: _Painter, scene: Scene) -> None:
    base = p.colour(scene.ground)
    _thing(p, scene, airborne_only=True)
    p.ridge(0.6, 0.02, 0.1, p.label("ground", np.clip(base * 0.9 + 20, 0, 255), base * 0.9), parallax=0.1)
    p.ridge(0.68, 0.03, 0.1, p.label("ground", base, base * 0.8), parallax=0.2)
    blade = p.label("ground", np.clip(base * 1.1 + 22, 0, 255))
    for _ in range(14):
        x, y = (p.rng.uniform(0, p.aspect) + 0.25 * p.time) % p.aspect, p.rng.uniform(0.76, 0.98)
        p.fill([(x - 0.02, y), (x - 0.012, y - 0.05), (x, y), (x + 0.012, y - 0.05), (x + 0.02, y)], blade)
    _thing(p, scene, airborne_only=False)


def _portrait(p: _Painter, scene: Scene) -> None:
    centre = p.aspect / 2 + (PLACES[scene.place] - 0.5) * 0.35 * p.aspect + 0.12 * p.time
    shirt, hair = p.colour(scene.ground), p.colour(scene.thing_colour)
    skin = np.array(SKIN[p.rng.integers(len(SKIN))], float)
    size, long_hair = p.rng.uniform(0.92, 1.08), p.rng.random() < 0.5
    y = 0.43
    hair_label = p.label("object", np.clip(hair + 12, 0, 255), hair * 0.85)
    p.oval(centre, y - 0.05, 0.22 * size, 0.25 * size, hair_label)
    if long_hair:
        p.box(centre - 0.22 * size, y - 0.05, centre + 0.22 * size, y + 0.3, hair_label)
    skin_label = p.label("detail", np.clip(skin + 8, 0, 255), skin * 0.85)
    p.box(centre - 0.07, y + 0.1, centre + 0.07, y + 0.34, skin_label)
    p.oval(centre, 1.08, 0.42 * size, 0.36, p.label("ground", np.clip(shirt + 10, 0, 255), shirt * 0.85))
    p.oval(centre, y + 0.02, 0.155 * size, 0.2 * size, skin_label)
    p.oval(centre, y - 0.11, 0.165 * size, 0.1 * size, hair_label, np.pi, 2 * np.pi)
    dark = p.label("detail", np.array((40, 28, 30.0)))
    for side in (-1, 1):
        p.oval(centre + side * 0.06 * size, y, 0.02, 0.016, dark)
    p.oval(centre, y + 0.11, 0.045, 0.016, p.label("detail", np.array((176, 60, 64.0))))
    p.fill([(centre - 0.004, y + 0.02), (centre + 0.018, y + 0.065), (centre - 0.012, y + 0.065)], p.label("detail", skin * 0.75))


def _abstract(p: _Painter, scene: Scene) -> None:
    main, accent = p.colour(scene.ground), p.colour(scene.thing_colour)
    labels = [p.label("ground", np.clip(main + 10, 0, 255), main * 0.85), p.label("ground", main * 0.85), p.label("object", accent)]
    form = p.rng.integers(4)
    drift = 0.2 * p.time
    for i in range(int(p.rng.integers(7, 14))):
        x, y = p.rng.uniform(0, p.aspect) + drift, p.rng.uniform(0.35, 1.0) if i else 0.75
        size, turn = p.rng.uniform(0.07, 0.2) if i else 0.3, p.rng.uniform(0, 2 * np.pi) + drift
        label = labels[int(p.rng.choice(3, p=(0.45, 0.3, 0.25)))] if i else labels[0]
        angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        if form == 0:
            radius = np.full(40, size)
        elif form == 1:
            radius = size / np.maximum(np.abs(np.cos(angle)), np.abs(np.sin(angle))) * 0.85
        elif form == 2:
            radius = size * (1 + 0.3 * np.sin(3 * angle + turn) + 0.2 * np.sin(5 * angle))
        else:
            radius = size * 0.7 / np.cos((angle % (2 * np.pi / 3)) - np.pi / 3)
        p.fill(np.stack([x + radius * np.cos(angle + turn), y + radius * np.sin(angle + turn)], 1), label)


def _thing(p: _Painter, scene: Scene, *, airborne_only: bool | None = None) -> None:
    airborne = scene.thing in AIRBORNE
    if not scene.thing or (airborne_only is not None and airborne_only != airborne):
        return
    x = PLACES[scene.place] * p.aspect + p.rng.uniform(-0.03, 0.03) + 0.25 * p.time
    size = p.rng.uniform(0.9, 1.15)
    colour = p.colour(scene.thing_colour)
    label = p.label("object", np.clip(colour + 8, 0, 255), colour * 0.9)
    base = p.rng.uniform(0.19, 0.25) if airborne else p.rng.uniform(0.85, 0.9)
    _THINGS[scene.thing](p, x, base, size, label, colour)


_Thing = Callable[[_Painter, float, float, float, int, NDArray[np.float64]], None]


def _sun(p: _Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        tip, side = np.array((np.cos(angle), np.sin(angle))), np.array((-np.sin(angle), np.cos(angle)))
        p.fill(np.array((x, y)) + s * np.array([0.13 * tip - 0.03 * side, 0.19 * tip, 0.13 * tip + 0.03 * side]), label)
    p.oval(x, y, 0.125 * s, 0.125 * s, label)


def _moon(p: _Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    outer, inner = np.linspace(-1.9, 1.9, 24), np.linspace(1.35, -1.35, 24)
    arc = np.stack([np.cos(outer), np.sin(outer)], 1) * 0.15 * s
    bite = np.stack([np.cos(inner) * 0.75 - 0.55, np.sin(inner)], 1) * 0.146 * s
    p.fill(np.concatenate([arc, bite]) + (x, y), label)


def _balloon(p: _Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    p.fill([(x - 0.1 * s, y + 0.06 * s), (x + 0.1 * s, y + 0.06 * s), (x + 0.03 * s, y + 0.2 * s), (x - 0.03 * s, y + 0.2 * s)], label)
    p.oval(x, y, 0.125 * s, 0.14 * s, label)
    p.box(x - 0.03 * s, y + 0.21 * s, x + 0.03 * s, y + 0.255 * s, p.label("detail", p.colour("brown")))


def _house(p: _Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    p.box(x - 0.15 * s, y - 0.2 * s, x + 0.15 * s, y, label)
    p.fill([(x - 0.19 * s, y - 0.2 * s), (x, y - 0.36 * s), (x + 0.19 * s, y - 0.2 * s)], p.label("object", colour * 0.68))
    p.box(x - 0.035 * s, y - 0.12 * s, x + 0.035 * s, y, p.label("detail", colour * 0.4))
    window = p.label("detail", np.array((250, 240, 190.0)))
    for side in (-1, 1):
        p.box(x + side * 0.09 * s - 0.025 * s, y - 0.15 * s, x + side * 0.09 * s + 0.025 * s, y - 0.1 * s, window)


def _tree(p: _Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    p.box(x - 0.025 * s, y - 0.2 * s, x + 0.025 * s, y, p.label("detail", p.colour("brown") * 0.8))
    for dx, dy, r in ((-0.09, -0.25, 0.1), (0.09, -0.25, 0.1), (0, -0.36, 0.12), (0, -0.25, 0.11)):
        p.oval(x + dx * s, y + dy * s, r * s, r * s, label)


def _boat(p: _Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    y -= 0.08
    p.fill([(x - 0.2 * s, y - 0.07 * s), (x + 0.2 * s, y - 0.07 * s), (x + 0.13 * s, y + 0.03 * s), (x - 0.13 * s, y + 0.03 * s)], p.label("object", colour * 0.72))
    p.fill([(x - 0.01, y - 0.09 * s), (x - 0.01, y - 0.42 * s), (x + 0.18 * s, y - 0.09 * s)], label)
    p.fill([(x - 0.025, y - 0.09 * s), (x - 0.025, y - 0.34 * s), (x - 0.15 * s, y - 0.09 * s)], label)


def _tower(p: _Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    p.fill([(x - 0.085 * s, y), (x - 0.06 * s, y - 0.4 * s), (x + 0.06 * s, y - 0.4 * s), (x + 0.085 * s, y)], label)
    p.box(x - 0.08 * s, y - 0.44 * s, x + 0.08 * s, y - 0.39 * s, p.label("detail", colour * 0.5))
    p.fill([(x - 0.075 * s, y - 0.44 * s), (x, y - 0.56 * s), (x + 0.075 * s, y - 0.44 * s)], p.label("object", colour * 0.72))


def _car(p: _Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    y += 0.02
    p.fill([(x - 0.12 * s, y - 0.13 * s), (x - 0.07 * s, y - 0.23 * s), (x + 0.07 * s, y - 0.23 * s), (x + 0.13 * s, y - 0.13 * s)], label)
    p.box(x - 0.06 * s, y - 0.2 * s, x + 0.06 * s, y - 0.14 * s, p.label("detail", np.array((214, 232, 240.0))))
    p.box(x - 0.21 * s, y - 0.14 * s, x + 0.21 * s, y - 0.03 * s, label)
    wheel = p.label("detail", np.array((26, 26, 30.0)))
    for side in (-1, 1):
        p.oval(x + side * 0.12 * s, y - 0.03 * s, 0.045 * s, 0.045 * s, wheel)


def _person(p: _Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    y += 0.05
    skin = p.label("detail", np.array(SKIN[p.rng.integers(len(SKIN))], float))
    legs = p.label("detail", colour * 0.45)
    for side in (-1, 1):
        p.box(x + side * 0.04 * s - 0.028 * s, y - 0.17 * s, x + side * 0.04 * s + 0.028 * s, y, legs)
        p.fill([(x + side * 0.06 * s, y - 0.35 * s), (x + side * 0.15 * s, y - 0.2 * s), (x + side * 0.1 * s, y - 0.18 * s)], label)
    p.box(x - 0.085 * s, y - 0.37 * s, x + 0.085 * s, y - 0.15 * s, label)
    p.oval(x, y - 0.44 * s, 0.062 * s, 0.072 * s, skin)


def _flower(p: _Painter, x: float, y: float, s: float, label: int, colour: NDArray[np.float64]) -> None:
    stem = p.label("detail", p.colour("green") * 0.8)
    p.box(x - 0.012, y - 0.25 * s, x + 0.012, y + 0.03, stem)
    p.fill([(x, y - 0.05 * s), (x + 0.1 * s, y - 0.14 * s), (x + 0.03 * s, y - 0.03 * s)], stem)
    for angle in np.linspace(0, 2 * np.pi, 6, endpoint=False):
        p.oval(x + 0.088 * s * np.cos(angle), y - 0.3 * s + 0.088 * s * np.sin(angle), 0.062 * s, 0.062 * s, label)
    p.oval(x, y - 0.3 * s, 0.045 * s, 0.045 * s, p.label("detail", np.array((250, 220, 90.0))))


_KINDS: dict[str, Callable[[_Painter, Scene], None]] = {
    "mountains": _mountains,
    "sea": _sea,
    "forest": _forest,
    "city": _city,
    "desert": _desert,
    "plain": _plain,
    "portrait": _portrait,
    "abstract": _abstract,
}
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
