"""3D motion: a camera that moves before a depth plane, as a displacement field in pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

TRANSLATION_UNIT = 1 / 200
"""Deforum's translations are in 1/200 of half the picture's width at depth 1."""
_NEAREST = 1e-3
"""Depth in front of the camera below which a point would be projected from behind it."""


def camera_field(values: Mapping[str, float], z: Plane) -> NDArray[np.float32]:
    """How far from itself each output pixel looks: shape (height, width, 2), x and y in pixels.

    ``values`` are keyed by setting; ``z`` (height, width) is the depth of each output pixel, 1 being the picture's
    plane.
    """
    height, width = z.shape
    x = np.linspace(-1, 1, width)[None, :]
    y = np.linspace(-1, 1, height)[:, None]
    dx, dy = projected_shift(values, x, y, z.astype(np.float64))
    return np.stack([-dx * width / 2, -dy * height / 2], axis=-1).astype(np.float32)


def projected_shift(
    values: Mapping[str, float], x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far points at (x, y) of the -1..1 mesh (y = -1 is the top) and depth z move on the -1..1 screen."""
    tan = math.tan(math.radians(values["fov_schedule"]) / 2)
    aspect = values["aspect_ratio_schedule"]
    turn = _rotation(values)
    shift = np.array([-values["translation_x"], values["translation_y"], -values["translation_z"]]) * TRANSLATION_UNIT
    moved_x, moved_y, moved_z = (x * turn[0, i] + y * turn[1, i] + z * turn[2, i] + shift[i] for i in range(3))
    moved_z = np.maximum(moved_z, _NEAREST)
    return moved_x / (aspect * tan * moved_z) - x / (aspect * tan * z), moved_y / (tan * moved_z) - y / (tan * z)


def _rotation(values: Mapping[str, float]) -> NDArray[np.float64]:
    """Rx * Ry * Rz, right-handed, for row vectors on its left."""
    result = np.eye(3)
    for axis, (a, b) in (("x", (1, 2)), ("y", (2, 0)), ("z", (0, 1))):
        angle = math.radians(values[f"rotation_3d_{axis}"])
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = math.cos(angle)
        turn[a, b], turn[b, a] = -math.sin(angle), math.sin(angle)
        result = result @ turn
    return result
