"""Noise that is mixed into the previous frame, so that diffusion has something to make detail from."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Plane = NDArray[np.float32]

_BLOCK = 64
"""Perlin noise is made on multiples of this many pixels: 8 cells over 4 octaves divide it."""


def add_noise(image: Image, noise: NDArray[np.float32], amount: float, mask: Plane | None = None) -> Image:
    """Mix ``noise`` (standard normal, broadcast to the image) in with weight ``amount``; where ``mask`` is 0 nothing changes.

    Mixing pulls contrast towards grey by ``1 - amount``, which the contrast schedule makes up for.
    """
    if amount == 0:
        return image
    grain = np.floor(255 * np.clip(noise / 2 + 0.5, 0, 1))
    weight = amount if mask is None else amount * mask[..., None]
    return np.clip(np.rint(image * (1 - weight) + grain * weight), 0, 255).astype(np.uint8)


def gaussian_noise(height: int, width: int, seed: int) -> NDArray[np.float32]:
    """Standard normal noise (height, width, 3). Upstream calls it ``uniform``."""
    return np.random.default_rng(seed).standard_normal((height, width, 3), dtype=np.float32)


def perlin_modulation(
    height: int, width: int, seed: int, *, cells: tuple[int, int] = (8, 8), octaves: int = 4, persistence: float = 0.5
) -> Plane:
    """Octaves of Perlin noise (height, width), scaled to 0..1, that make gaussian noise come in clouds.

    ``cells`` are the lattice cells across (width, height) in the first octave; each further octave has twice as many and
    ``persistence`` times the amplitude.
    """
    rows, columns = max(_BLOCK, height - height % _BLOCK), max(_BLOCK, width - width % _BLOCK)
    rng = np.random.default_rng((seed, 1))
    total = np.zeros((rows, columns))
    amplitude = 1.0
    for octave in range(octaves):
        total += amplitude * _perlin(rng, rows, columns, cells[1] << octave, cells[0] << octave)
        amplitude *= persistence
    resized = cv2.resize(total.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip((resized + 1) / 2, 0, 1)


def _perlin(rng: np.random.Generator, rows: int, columns: int, cells_y: int, cells_x: int) -> NDArray[np.float64]:
    """One octave, about -1..1."""
    angles = rng.uniform(0, 2 * math.pi, (cells_y + 1, cells_x + 1))
    y = np.arange(rows) * cells_y / rows
    x = np.arange(columns) * cells_x / columns
    cell_y, cell_x = y.astype(int)[:, None], x.astype(int)[None, :]
    part_y, part_x = y[:, None] - cell_y, x[None, :] - cell_x

    def corner(down: int, right: int) -> NDArray[np.float64]:
        angle = angles[cell_y + down, cell_x + right]
        return np.cos(angle) * (part_x - right) + np.sin(angle) * (part_y - down)

    fade_y, fade_x = (part**3 * (part * (part * 6 - 15) + 10) for part in (part_y, part_x))
    top = corner(0, 0) * (1 - fade_x) + corner(0, 1) * fade_x
    bottom = corner(1, 0) * (1 - fade_x) + corner(1, 1) * fade_x
    return math.sqrt(2) * (top * (1 - fade_y) + bottom * fade_y)
