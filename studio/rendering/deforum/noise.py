"""Noise that is mixed into the previous frame, so that diffusion has something to make detail from."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.pictures.arrays import Image

Plane = NDArray[np.float32]

_BLOCK = 64
"""Perlin noise is made on multiples of this many pixels: 8 cells over 4 octaves divide it."""


def add_noise(image: Image, noise: NDArray[np.float32], amount: float, mask: Plane | None = None) -> Image:
    """Mix ``noise`` (standard normal, of the image's shape) in by ``amount``; where ``mask`` is 0 nothing changes.

    Mixing pulls contrast towards grey by ``1 - amount``, which the contrast schedule makes up for.
    """
    if amount == 0:
        return image
    grain = (255 * np.clip(noise / 2 + 0.5, 0, 1)).astype(np.uint8)
    if mask is None:
        return cv2.addWeighted(image, 1 - amount, grain, amount, 0)
    weight = amount * mask[..., None]
    return np.rint(image * (1 - weight) + grain * weight).astype(np.uint8)


def gaussian_noise(height: int, width: int, seed: int) -> NDArray[np.float32]:
    """Standard normal noise (height, width, 3). Upstream calls it ``uniform``."""
    return np.random.default_rng(seed).standard_normal((height, width, 3), dtype=np.float32)


def perlin_modulation(
    height: int, width: int, seed: int, *, cells: tuple[int, int] = (8, 8), octaves: int = 4, persistence: float = 0.5
) -> Plane:
    """Octaves of Perlin noise (height, width), scaled to 0..1, that make gaussian noise come in clouds.

    ``cells`` are the lattice cells across (width, height) in the first octave; each further octave has twice as many
    and ``persistence`` times the amplitude.
    """
    rows, columns = max(_BLOCK, height - height % _BLOCK), max(_BLOCK, width - width % _BLOCK)
    rng = np.random.default_rng((seed, 1))
    total: Plane = np.zeros((rows, columns), np.float32)
    amplitude = 1.0
    for octave in range(octaves):
        total += amplitude * _perlin(rng, rows, columns, cells[1] << octave, cells[0] << octave)
        amplitude *= persistence
    resized = cv2.resize(total, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip((resized + 1) / 2, 0, 1).astype(np.float32)


def _perlin(rng: np.random.Generator, rows: int, columns: int, cells_y: int, cells_x: int) -> Plane:
    """One octave, about -1..1.

    The fade between lattice points is separable, so the sum over a pixel's four corners is two matrix products.
    """
    angles = rng.uniform(0, 2 * math.pi, (cells_y + 1, cells_x + 1))
    fade_y, reach_y = _lattice_weights(rows, cells_y)
    fade_x, reach_x = _lattice_weights(columns, cells_x)
    along_x, along_y = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
    octave = math.sqrt(2) * (fade_y @ along_x @ reach_x.T + reach_y @ along_y @ fade_x.T)
    return octave.astype(np.float32)


def _lattice_weights(length: int, cells: int) -> tuple[Plane, Plane]:
    """Each position's weight on each lattice point, and that times the distance to it: (length, cells + 1)."""
    position = np.arange(length) * (cells / length)
    cell = position.astype(int)
    part = position - cell
    fade = part**3 * (part * (part * 6 - 15) + 10)
    weights, reaches = np.zeros((length, cells + 1), np.float32), np.zeros((length, cells + 1), np.float32)
    index = np.arange(length)
    weights[index, cell], weights[index, cell + 1] = 1 - fade, fade
    reaches[index, cell], reaches[index, cell + 1] = (1 - fade) * part, fade * (part - 1)
    return weights, reaches
