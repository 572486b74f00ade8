"""Warps that compose: many frames of motion become one resampling of the image they started from.

A warp is a 3x3 matrix from source to destination pixels, or a field of displacements (height, width, 2) that says how
far from itself each destination pixel looks. Matrices stay matrices until they meet a field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Field = NDArray[np.float32]
Warp = NDArray[np.float64] | NDArray[np.float32]
"""A Matrix (3, 3) or a Field (height, width, 2)."""

_CV_MODES = {"bicubic": cv2.INTER_CUBIC, "bilinear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST}
_CV_BORDERS = {"replicate": cv2.BORDER_REPLICATE, "wrap": cv2.BORDER_WRAP, "reflect": cv2.BORDER_REFLECT}


P = TypeVar("P", bound=np.generic)
"""What a picture is made of."""


@dataclass(frozen=True)
class Sampler:
    """How pixels between and beyond the source's are made: OpenCV in 2D, torch's grid_sample in 3D."""

    mode: str = "bilinear"
    border: str = "replicate"
    """``replicate``, ``wrap``, ``reflect`` (2D); ``border``, ``reflection``, ``zeros`` (3D)."""
    precise: bool = False
    """Sample at float positions with grid_sample; OpenCV rounds them to 1/32 pixel."""


def identity() -> Matrix:
    return np.eye(3)


def is_identity(warp: Warp) -> bool:
    return is_matrix(warp) and bool(np.array_equal(warp, np.eye(3)))


def is_matrix(warp: Warp) -> bool:
    return warp.ndim == 2


def compose(first: Warp, then: Warp, height: int, width: int) -> Warp:
    """The warp that does ``first`` and then ``then``."""
    if is_identity(first):
        return then
    if is_identity(then):
        return first
    if is_matrix(first) and is_matrix(then):
        return then @ first
    outer = as_field(then, height, width)
    looked_up = _positions(height, width) + outer
    if is_matrix(first):
        return outer + _matrix_field(first, looked_up)
    # Beyond the frame the field continues with its edge values, so that borders are decided once, by the final
    # sampling.
    inner = cv2.remap(first, looked_up, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return outer + inner


def as_field(warp: Warp, height: int, width: int) -> Field:
    """The displacement field of a warp."""
    return _matrix_field(warp, _positions(height, width)) if is_matrix(warp) else warp.astype(np.float32, copy=False)


def apply(image: NDArray[P], warp: Warp, sampler: Sampler) -> NDArray[P]:
    """Resample ``image``, (height, width) or (height, width, channels), once; uint8 is rounded, never truncated.

    The identity returns the image itself, bit for bit.
    """
    if is_identity(warp):
        return image
    height, width = image.shape[:2]
    if sampler.precise:
        return _grid_sample(image, as_field(warp, height, width), sampler)
    mode, border = _CV_MODES[sampler.mode], _CV_BORDERS[sampler.border]
    if not is_matrix(warp):
        return cv2.remap(image, _positions(height, width) + warp, None, mode, borderMode=border)
    if np.array_equal(warp[2], (0, 0, 1)):
        return cv2.warpAffine(image, warp[:2], (width, height), flags=mode, borderMode=border)
    return cv2.warpPerspective(image, warp, (width, height), flags=mode, borderMode=border)


def _positions(height: int, width: int) -> Field:
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.stack([x, y], axis=-1)


def _matrix_field(matrix: Warp, positions: Field) -> Field:
    """How far from ``positions`` a matrix looks."""
    inverse = np.linalg.inv(matrix)
    at = positions.astype(np.float64)
    source = at @ inverse[:, :2].T + inverse[:, 2]
    return (source[..., :2] / source[..., 2:] - at).astype(np.float32)


def _grid_sample(image: NDArray[P], field: Field, sampler: Sampler) -> NDArray[P]:
    # Imported here: whoever only validates settings must not load torch.
    import torch

    height, width = image.shape[:2]
    grid = (2 * (_positions(height, width) + field) + 1) / np.array([width, height], np.float32) - 1
    planes = torch.from_numpy(np.atleast_3d(image).astype(np.float32)).permute(2, 0, 1)[None]
    sampled = torch.nn.functional.grid_sample(
        planes, torch.from_numpy(grid)[None], mode=sampler.mode, padding_mode=sampler.border, align_corners=False
    )
    result = sampled[0].permute(1, 2, 0).numpy().reshape(image.shape)
    if image.dtype == np.uint8:
        return np.ascontiguousarray(np.clip(np.rint(result), 0, 255).astype(np.uint8))
    return np.ascontiguousarray(result)
