"""Pictures with the statistics of photographs: VAE and denoiser must also carry frames that nobody drew.

Dead leaves (overlapping shapes with power-law sizes: occlusion edges at every scale) textured with 1/f noise, lit by a
gradient and partly out of focus. Source: Lee, Mumford & Huang, "Occlusion Models for Natural Images" (2001).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.painter import ROLES, Drawing


def natural_picture(
    rng: np.random.Generator, height: int = 128, width: int = 128, *, shift: float = 0.0
) -> NDArray[np.uint8]:
    """Draw one (height, width, 3) RGB picture. ``shift`` (pixels) pans the layers, nearer ones faster."""
    return natural_drawing(rng, height, width, shift=shift).rgb


def natural_drawing(rng: np.random.Generator, height: int = 128, width: int = 128, *, shift: float = 0.0) -> Drawing:
    """The same with the outlines of its shapes, so that every style can repaint it."""
    labels = np.zeros((height, width), np.uint8)
    picture = _tint(pink_noise(rng, height, width, rng.uniform(0.8, 1.4)), rng)
    leaves = int(rng.choice((0, 12, 40, 120)))
    for i in range(leaves):
        size = min(height, width) * 0.5 * rng.uniform(0.04, 1) ** 2.2 + 1.5
        depth = 0.3 + 0.7 * i / leaves
        centre = (rng.uniform(0, width) + shift * depth, rng.uniform(0, height))
        mask = np.zeros((height, width), np.uint8)
        points = _outline(rng, centre, size)
        cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
        colour = np.clip(rng.normal(rng.uniform(40, 215), 34, 3), 0, 255)
        x0, y0 = np.clip(np.floor(points.min(0)).astype(int) - 1, 0, (width, height))
        x1, y1 = np.clip(np.ceil(points.max(0)).astype(int) + 2, 0, (width, height))
        if x1 <= x0 or y1 <= y0:
            continue
        alpha = mask[y0:y1, x0:x1, None].astype(np.float32) / 255
        labels[mask > 127] = i + 1
        slope = np.linspace(-1, 1, y1 - y0, dtype=np.float32)[:, None, None] * rng.uniform(-35, 35)
        detail = (picture[y0:y1, x0:x1] - picture[y0:y1, x0:x1].mean((0, 1))) * rng.uniform(0, 0.7)
        picture[y0:y1, x0:x1] += alpha * (colour + slope + detail - picture[y0:y1, x0:x1])
    if rng.random() < 0.6:
        picture = cv2.GaussianBlur(
            picture, (0, 0), float(rng.uniform(0.4, 2.5) if rng.random() < 0.8 else rng.uniform(2.5, 6))
        )
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None]
    light = 1 + 0.3 * (rng.uniform(-1, 1) * x + rng.uniform(-1, 1) * y)
    picture = picture * light[..., None] + rng.uniform(0, 4) * rng.standard_normal((height, width, 1), np.float32)
    roles = np.full(leaves + 1, ROLES.index("detail"), np.uint8)
    return Drawing(np.clip(picture, 0, 255).astype(np.uint8), labels, roles)


def pink_noise(rng: np.random.Generator, height: int, width: int, slope: float) -> NDArray[np.float32]:
    """Gaussian noise whose amplitude falls as 1/f**slope: (height, width), unit variance."""
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    falloff = 1 / np.maximum(np.hypot(fy, fx), 1 / max(height, width)) ** slope
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) * falloff
    noise = np.fft.irfft2(spectrum, s=(height, width)).astype(np.float32)
    return (noise - noise.mean()) / (noise.std() + 1e-6)


def _tint(noise: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Colour a grey texture along a random line through colour space, mostly along brightness."""
    base = np.clip(rng.normal(125, 45, 3), 20, 235)
    axis = rng.uniform(10, 48) * (np.ones(3) + rng.normal(0, 0.35, 3))
    return (base + noise[..., None] * axis).astype(np.float32)


def _outline(rng: np.random.Generator, centre: tuple[float, float], size: float) -> NDArray[np.float64]:
    """A wobbly oval or a rectangle, turned at random."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    if rng.random() < 0.3:
        radius = size / np.maximum(np.abs(np.cos(angle)), np.abs(np.sin(angle)))
    else:
        radius = size * (1 + rng.uniform(0, 0.3) * np.sin(rng.integers(2, 5) * angle + rng.uniform(0, 6)))
    turn, squeeze = rng.uniform(0, np.pi), rng.uniform(0.35, 1)
    x, y = radius * np.cos(angle), radius * np.sin(angle) * squeeze
    return np.stack(
        [centre[0] + x * np.cos(turn) - y * np.sin(turn), centre[1] + x * np.sin(turn) + y * np.cos(turn)], 1
    )
