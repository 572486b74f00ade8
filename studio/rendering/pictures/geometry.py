"""Sizes: the models work on multiples of 8 pixels, videos on any even size."""

from __future__ import annotations

import cv2
import numpy as np

from studio.rendering.pictures.arrays import Frames

MULTIPLE = 8
"""Pixels per latent: the VAE halves each side three times."""


def padded_size(height: int, width: int, multiple: int = MULTIPLE) -> tuple[int, int]:
    """(height, width), each rounded up to ``multiple``."""
    return -(-height // multiple) * multiple, -(-width // multiple) * multiple


def pad_to_multiple(frames: Frames, multiple: int = MULTIPLE) -> Frames:
    """Repeat the right and bottom edge pixels of (n, height, width, 3) until both sides are multiples; :func:`crop`
    undoes it.
    """
    height, width = padded_size(frames.shape[1], frames.shape[2], multiple)
    if (height, width) == frames.shape[1:3]:
        return frames
    edges = ((0, 0), (0, height - frames.shape[1]), (0, width - frames.shape[2]), (0, 0))
    return np.pad(frames, edges, mode="edge")


def crop(frames: Frames, height: int, width: int) -> Frames:
    """The top left (n, height, width, 3) of padded frames."""
    return np.ascontiguousarray(frames[:, :height, :width])


def resize(frames: Frames, height: int, width: int) -> Frames:
    """Resample (n, h, w, 3) to (n, height, width, 3): area averaging when shrinking, bicubic when growing."""
    if frames.shape[1:3] == (height, width):
        return frames
    shrinking = height * width < frames.shape[1] * frames.shape[2]
    method = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    return np.stack([cv2.resize(frame, (width, height), interpolation=method) for frame in frames])
