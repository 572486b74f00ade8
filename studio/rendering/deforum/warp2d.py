"""2D motion as 3x3 matrices that map source pixels to destination pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def motion_matrix(values: Mapping[str, float], height: int, width: int, *, perspective_flip: bool = False) -> Matrix:
    """One frame's motion: translate, then rotate and zoom about the transform centre, then flip in perspective.

    ``values`` are keyed by setting. A positive angle turns counter-clockwise on screen, positive x moves right, y down.
    """
    centre = (width * values["transform_center_x"], height * values["transform_center_y"])
    translation = np.eye(3)
    translation[:2, 2] = values["translation_x"], values["translation_y"]
    rotation = np.eye(3)
    rotation[:2] = cv2.getRotationMatrix2D(centre, values["angle"], values["zoom"])
    matrix = rotation @ translation
    if perspective_flip:
        matrix = flip_matrix(values, height, width) @ matrix
    return matrix


def flip_matrix(values: Mapping[str, float], height: int, width: int) -> Matrix:
    """The homography of a picture turned in space about its centre, seen with a vertical-field angle of ``fv`` degrees.

    The camera stands where the unturned picture fills the view exactly, so angles of 0 give the identity. Degrees:
    ``theta`` turns counter-clockwise about the view axis, ``phi`` brings the top nearer, ``gamma`` the right side.
    """
    theta, phi, gamma = (math.radians(values[f"perspective_flip_{name}"]) for name in ("theta", "phi", "gamma"))
    distance = max(height, width) / 2 / math.tan(math.radians(values["perspective_flip_fv"]) / 2)
    turn = _rotation(1, gamma) @ _rotation(0, phi) @ _rotation(2, -theta)
    # The picture's plane is z = 0: its points need only the first two columns, and the camera looks from -distance.
    plane = np.column_stack([turn[:, 0], turn[:, 1], [0, 0, distance]])
    centred = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    projection = np.array([[distance, 0, width / 2], [0, distance, height / 2], [0, 0, 1]])
    matrix = projection @ plane @ centred
    return matrix / distance


def _rotation(axis: int, angle: float) -> Matrix:
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = math.cos(angle)
    matrix[a, b], matrix[b, a] = -math.sin(angle), math.sin(angle)
    return matrix
