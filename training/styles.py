"""Styles: each repaints a flat drawing so that the twelve can be told apart at a glance."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.painter import Drawing
from training.scenes import Scene, draw

Image = NDArray[np.floating[Any]]
"""(h, w, 3) or (h, w), 0..255."""

STYLES = (
    "flat",
    "neon",
    "sketch",
    "watercolor",
    "pixel",
    "oil",
    "pastel",
    "noir",
    "stained glass",
    "blueprint",
    "comic",
    "photo",
)
COLOUR_KEEPING = ("flat", "watercolor", "pixel", "oil", "pastel", "stained glass", "comic", "photo")
"""Styles in which a named colour keeps its hue everywhere in its region."""


def render(scene: Scene, height: int = 128, width: int = 128, *, time: float = 0.0) -> NDArray[np.uint8]:
    """Draw ``scene`` in its style: (height, width, 3) RGB. The same arguments give the same bytes.

    The style's random texture depends on the scene's seed only, so it stands still while the scene moves.
    """
    return stylise(draw(scene, height, width, time=time), scene.style, scene.seed)


def stylise(drawing: Drawing, style: str, seed: int) -> NDArray[np.uint8]:
    """Repaint ``drawing`` in ``style``."""
    rng = np.random.default_rng([seed, zlib.crc32(style.encode())])
    painted = _STYLES[style](drawing.rgb.astype(np.float32), _edges(drawing.labels), rng)
    return np.clip(painted, 0, 255).astype(np.uint8)


def smooth_noise(rng: np.random.Generator, height: int, width: int, cells: float) -> Image:
    """Band-limited noise with unit variance: about ``cells`` blobs along the height."""
    rows, columns = max(2, round(cells)), max(2, round(cells * width / height))
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * 1.2


def _edges(labels: NDArray[np.uint8]) -> Image:
    """1 on the borders between regions, one pixel wide, softened: (h, w)."""
    edges = np.zeros(labels.shape, np.float32)
    edges[:, 1:] += labels[:, 1:] != labels[:, :-1]
    edges[1:] += labels[1:] != labels[:-1]
    return np.minimum(edges, 1)


def _grey(rgb: Image) -> Image:
    return rgb @ np.array((0.299, 0.587, 0.114), np.float32)


def _mix(a: Image | float, b: Image | NDArray[np.float32], weight: Image | float) -> Image:
    if isinstance(weight, np.ndarray) and weight.ndim == 2:
        weight = weight[..., None]
    return a * (1 - weight) + b * weight


def _saturate(rgb: Image, amount: float) -> Image:
    grey = _grey(rgb)[..., None]
    return np.clip(grey + (rgb - grey) * amount, 0, 255)


def _warp(rgb: Image, rng: np.random.Generator, cells: float, pixels: float) -> Image:
    h, w = rgb.shape[:2]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    x += pixels * smooth_noise(rng, h, w, cells)
    y += pixels * smooth_noise(rng, h, w, cells)
    return cv2.remap(rgb, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _colour(*rgb: float) -> NDArray[np.float32]:
    return np.array(rgb, np.float32)


def _flat(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    return _saturate(rgb, 1.1)


def _neon(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    peak = rgb.max(2, keepdims=True)
    vivid = _saturate(rgb * (255 / np.maximum(peak, 40)), 1.7)
    tube = cv2.dilate(edges, np.ones((2, 2), np.uint8))
    light = vivid * tube[..., None]
    glow = cv2.GaussianBlur(light, (0, 0), 2.2) * 1.5 + cv2.GaussianBlur(light, (0, 0), 7) * 0.9
    return (
        _colour(12, 6, 26) + rgb * 0.12 + np.maximum(glow, light) + 70 * cv2.GaussianBlur(edges, (0, 0), 0.7)[..., None]
    )


def _sketch(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    h, w = edges.shape
    grey = _grey(rgb)
    y, x = np.mgrid[:h, :w]
    hatch = ((x + y + 2 * smooth_noise(rng, h, w, 6)) % 5 < 1.6).astype(np.float32)
    cross = ((x - y) % 6 < 1.6).astype(np.float32)
    ink = 0.42 * hatch * (grey < 130) + 0.32 * cross * (grey < 75)
    line = _warp(np.repeat(edges[..., None], 3, 2), rng, 10, 0.8)[..., 0]
    dark = np.clip(ink + 0.95 * cv2.GaussianBlur(line, (0, 0), 0.5) * 1.4, 0, 0.92)
    paper = 246 + 2.5 * rng.standard_normal((h, w), np.float32)
    return np.repeat((paper * (1 - dark) + 36 * dark)[..., None], 3, 2) * _colour(1, 0.995, 0.975)


def _watercolor(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    h, w = edges.shape
    wet = _warp(cv2.GaussianBlur(rgb, (0, 0), 1.0), rng, 9, 2.0)
    pigment = np.clip(0.62 + 0.2 * smooth_noise(rng, h, w, 5) + 0.07 * smooth_noise(rng, h, w, 20), 0.2, 0.95)
    rim = _warp(np.repeat(cv2.GaussianBlur(edges, (0, 0), 0.9)[..., None], 3, 2), rng, 9, 2.0)
    washed = _mix(_colour(252, 248, 240), _saturate(wet, 1.25), pigment) * (1 - 0.3 * rim)
    y, x = np.mgrid[:h, :w].astype(np.float32)
    border = np.minimum(np.minimum(x, w - 1 - x), np.minimum(y, h - 1 - y)) / h
    inside = np.clip((border + 0.012 * smooth_noise(rng, h, w, 9) - 0.035) * 40, 0, 1)
    return _mix(_colour(252, 248, 240), washed, inside)


def _pixel(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    h, w = edges.shape
    blocks = cv2.resize(_saturate(rgb, 1.25), (w // 4, h // 4), interpolation=cv2.INTER_AREA)
    stepped = np.round(blocks / 42) * 42
    tile = np.repeat(np.repeat(stepped, 4, 0), 4, 1)
    tile[3::4] *= 0.86
    tile[:, 3::4] *= 0.86
    return cv2.copyMakeBorder(tile, 0, h - tile.shape[0], 0, w - tile.shape[1], cv2.BORDER_REPLICATE)


def _oil(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    h, w = edges.shape
    paint = _warp(_saturate(rgb, 1.2), rng, 20, 1.6)
    along = rng.standard_normal((h, w), np.float32)
    across = cv2.blur(along, (9, 1)) * 3
    upright = cv2.blur(along, (1, 9)) * 3
    turn = smooth_noise(rng, h, w, 4) > 0
    stroke = np.where(turn, across, upright)
    relief = stroke - np.roll(stroke, 1, 0)
    return paint * 0.94 + (15 * stroke + 9 * relief)[..., None] * _colour(1, 0.95, 0.85)


def _pastel(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    h, w = edges.shape
    soft = cv2.GaussianBlur(rgb, (0, 0), 1.6)
    pale = _mix(_saturate(soft, 1.15), _colour(255, 246, 244), 0.52)
    return pale + (3.5 * rng.standard_normal((h, w), np.float32))[..., None]


def _noir(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    h, w = edges.shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    grey = 255 / (1 + np.exp(-(_grey(rgb) - 118) / 24))
    centre = rng.uniform(0.35, 0.65)
    vignette = np.clip(1.25 - 1.5 * ((x / w - centre) ** 2 + (y / h - 0.45) ** 2) ** 0.5 * 1.25, 0.05, 1)
    grain = 6 * rng.standard_normal((h, w), np.float32)
    return np.repeat((grey * vignette * (1 - 0.5 * edges) + grain)[..., None], 3, 2)


def _stained_glass(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    h, w = edges.shape
    count = int(70 * w / h)
    seeds = np.full((h, w), 255, np.uint8)
    rows, columns = rng.integers(0, h, count), rng.integers(0, w, count)
    seeds[rows, columns] = 0
    _, cells = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    total = np.bincount(cells.ravel())
    mean = (
        np.stack([np.bincount(cells.ravel(), rgb[..., c].ravel()) for c in range(3)], 1) / np.maximum(total, 1)[:, None]
    )
    mean *= rng.uniform(0.85, 1.2, (len(total), 1))
    glass = _saturate(_mix(rgb, mean[cells].astype(np.float32), 0.75), 1.6)
    lead = _edges((cells % 251).astype(np.uint8)) + 0.9 * edges
    lead = np.clip(cv2.GaussianBlur(cv2.dilate(lead, np.ones((2, 2), np.uint8)), (0, 0), 0.5), 0, 1)
    return _mix(glass, _colour(16, 14, 18), lead)


def _blueprint(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    h, w = edges.shape
    y, x = np.mgrid[:h, :w]
    grid = 0.13 * ((x % 16 == 0) | (y % 16 == 0))
    line = np.clip(cv2.GaussianBlur(edges, (0, 0), 0.5) * 1.5, 0, 1)
    base = _colour(22, 62, 138) + (_grey(rgb)[..., None] - 128) * 0.09
    return _mix(base, _colour(226, 238, 255), np.maximum(line * 0.95, grid))


def _comic(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    h, w = edges.shape
    grey = np.maximum(_grey(rgb), 1)
    bold = _saturate(rgb * (np.maximum(np.round(grey / 50), 0.6) * 50 / grey)[..., None], 1.35)
    y, x = np.mgrid[:h, :w].astype(np.float32)
    screen = np.cos((x + y) * 0.9) * np.cos((x - y) * 0.9)
    dots = (screen > 0.1 + _grey(rgb) / 300).astype(np.float32)
    toned = _mix(bold, bold * 0.55, dots)
    outline = np.clip(cv2.GaussianBlur(cv2.dilate(edges, np.ones((3, 3), np.uint8)), (0, 0), 0.5), 0, 1)
    return _mix(toned, _colour(10, 10, 14), outline)


def _photo(rgb: Image, edges: Image, rng: np.random.Generator) -> Image:
    h, w = edges.shape
    y = np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, w, dtype=np.float32)[None]
    light = 1 + 0.16 * (rng.uniform(-1, 1) * x - 0.6 * y) + 0.07 * smooth_noise(rng, h, w, 4)
    texture = 4 * np.sum([smooth_noise(rng, h, w, 2.0**k * 8) for k in range(4)], axis=0)
    relief = cv2.GaussianBlur(edges, (0, 0), 2.5)
    shaded = cv2.GaussianBlur(rgb, (0, 0), 0.8) * (light - 0.35 * relief)[..., None]
    return _mix(_saturate(shaded, 0.92), _colour(150, 152, 158), 0.08) + texture[..., None]


_STYLES: dict[str, Callable[[Image, Image, np.random.Generator], Image]] = {
    "flat": _flat,
    "neon": _neon,
    "sketch": _sketch,
    "watercolor": _watercolor,
    "pixel": _pixel,
    "oil": _oil,
    "pastel": _pastel,
    "noir": _noir,
    "stained glass": _stained_glass,
    "blueprint": _blueprint,
    "comic": _comic,
    "photo": _photo,
}
