"""Synthetic sources whose motion is known."""

import cv2
import numpy as np

from studio.rendering.pictures.arrays import Frames


def texture(height: int, width: int, *, seed: int = 0) -> np.ndarray:
    """A smooth random picture with detail at several scales, (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(rng.standard_normal((height, width, 3)), (0, 0), sigma) * sigma for sigma in (1.5, 3, 8)]
    total = sum(layers)
    return cv2.normalize(total, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)


def moving(frames: int, *, size: int = 96, speed: int = 2, seed: int = 0) -> Frames:
    """A texture that moves left by ``speed`` pixels a frame."""
    wide = texture(size, size + speed * frames, seed=seed)
    return np.stack([wide[:, speed * i : speed * i + size] for i in range(frames)])


def with_occluder(clip: Frames, *, side: int = 28, start: int = 8, speed: int = 4) -> Frames:
    """``clip`` with a textured square that moves right across it, hiding and uncovering."""
    square = texture(side, side, seed=9) // 2 + 100
    clip = clip.copy()
    for i, frame in enumerate(clip):
        x, y = start + speed * i, (frame.shape[0] - side) // 2
        frame[y : y + side, x : x + side] = square
    return clip
