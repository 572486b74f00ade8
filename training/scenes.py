"""Procedural scenes: what a picture shows, drawn from a seed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.painter import COLOURS, Drawing, Painter
from training.things import AIRBORNE, OBJECTS, SKIN, draw_thing

CHROMATIC = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
KINDS = ("mountains", "sea", "forest", "city", "desert", "plain", "portrait", "abstract")
PLACES = {"left": 0.24, "centre": 0.5, "right": 0.76}

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
    return Scene(
        kind, style, sky, ground, thing, thing_colour, str(rng.choice(tuple(PLACES))), int(rng.integers(2**31))
    )


def scene_at(index: int, *, styles: tuple[str, ...], seed: int = 0) -> Scene:
    """Scene number ``index`` of the endless, style-balanced set ``seed``."""
    return sample_scene(np.random.default_rng([seed, index]), style=styles[index % len(styles)])


def draw(scene: Scene, height: int = 128, width: int = 128, *, time: float = 0.0) -> Drawing:
    """Draw the flat picture of ``scene``.

    ``time`` moves what moves (objects drift, distant layers scroll slower) by about a quarter of the width per unit.
    Drawn at twice the size and averaged down, which is the antialiasing.
    """
    painter = Painter(np.random.default_rng([scene.seed, zlib.crc32(scene.kind.encode())]), width / height, time)
    painter.backdrop(scene.sky)
    _KINDS[scene.kind](painter, scene)
    return painter.finish(height, width)


def _mountains(p: Painter, scene: Scene) -> None:
    base = p.colour(scene.ground)
    if scene.thing in AIRBORNE:
        _thing(p, scene)
    for depth, level in enumerate((0.5, 0.62)):
        shade = base * (0.9 + 0.1 * depth) + (26 if depth == 0 else 0)
        p.ridge(
            level, 0.13, 0.8, p.label("ground", np.clip(shade + 18, 0, 255), shade * 0.9), parallax=0.1 + 0.1 * depth
        )
    p.ridge(0.84, 0.04, 0.3, p.label("ground", base * 0.95, base * 0.75), parallax=0.25)
    if scene.thing not in AIRBORNE:
        _thing(p, scene)


def _sea(p: Painter, scene: Scene) -> None:
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


def _forest(p: Painter, scene: Scene) -> None:
    base = p.colour(scene.ground)
    _thing(p, scene, airborne_only=True)
    far, trunk = (
        p.label("ground", np.clip(base * 0.9 + 26, 0, 255), base * 0.85),
        p.label("detail", p.colour("brown") * 0.7),
    )
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


def _city(p: Painter, scene: Scene) -> None:
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


def _desert(p: Painter, scene: Scene) -> None:
    base = p.colour(scene.ground)
    _thing(p, scene, airborne_only=True)
    for depth, level in enumerate((0.56, 0.7, 0.86)):
        shade = np.clip(base * (1.08 - 0.1 * depth), 0, 255)
        p.ridge(
            level, 0.05, 0.05, p.label("ground", np.clip(shade + 14, 0, 255), shade * 0.84), parallax=0.1 * (depth + 1)
        )
    _thing(p, scene, airborne_only=False)


def _plain(p: Painter, scene: Scene) -> None:
    base = p.colour(scene.ground)
    _thing(p, scene, airborne_only=True)
    p.ridge(0.6, 0.02, 0.1, p.label("ground", np.clip(base * 0.9 + 20, 0, 255), base * 0.9), parallax=0.1)
    p.ridge(0.68, 0.03, 0.1, p.label("ground", base, base * 0.8), parallax=0.2)
    blade = p.label("ground", np.clip(base * 1.1 + 22, 0, 255))
    for _ in range(14):
        x, y = (p.rng.uniform(0, p.aspect) + 0.25 * p.time) % p.aspect, p.rng.uniform(0.76, 0.98)
        p.fill([(x - 0.02, y), (x - 0.012, y - 0.05), (x, y), (x + 0.012, y - 0.05), (x + 0.02, y)], blade)
    _thing(p, scene, airborne_only=False)


def _portrait(p: Painter, scene: Scene) -> None:
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
    p.fill(
        [(centre - 0.004, y + 0.02), (centre + 0.018, y + 0.065), (centre - 0.012, y + 0.065)],
        p.label("detail", skin * 0.75),
    )


def _abstract(p: Painter, scene: Scene) -> None:
    main, accent = p.colour(scene.ground), p.colour(scene.thing_colour)
    labels = [
        p.label("ground", np.clip(main + 10, 0, 255), main * 0.85),
        p.label("ground", main * 0.85),
        p.label("object", accent),
    ]
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


def _thing(p: Painter, scene: Scene, *, airborne_only: bool | None = None) -> None:
    airborne = scene.thing in AIRBORNE
    if not scene.thing or (airborne_only is not None and airborne_only != airborne):
        return
    x = PLACES[scene.place] * p.aspect + p.rng.uniform(-0.03, 0.03) + 0.25 * p.time
    draw_thing(p, scene.thing, x, scene.thing_colour)


_KINDS: dict[str, Callable[[Painter, Scene], None]] = {
    "mountains": _mountains,
    "sea": _sea,
    "forest": _forest,
    "city": _city,
    "desert": _desert,
    "plain": _plain,
    "portrait": _portrait,
    "abstract": _abstract,
}
