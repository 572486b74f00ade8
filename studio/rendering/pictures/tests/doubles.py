"""Depth that is known without a model."""

from __future__ import annotations

import numpy as np

from studio.rendering.pictures.arrays import Image
from studio.rendering.pictures.depth import Plane


class RampDepth:
    """A floor: the bottom row is nearest, the top row farthest."""

    larger_is_nearer = True

    def estimate(self, image: Image) -> Plane:
        height, width = image.shape[:2]
        return np.repeat(np.linspace(0, 1, height, dtype=np.float32)[:, None], width, axis=1)
