"""Dense optical flow between two frames and where it can't be trusted. Flows are float32 (h, w, 2), pixels, (x, y)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.pictures.arrays import Flow, Image
from studio.rendering.pictures.flow import grey, inconsistent

_SMALL = 384
"""Below this side DIS's fast preset, which works at a quarter of the size, has too few pixels left."""


def dense_flow(here: Image, there: Image) -> Flow:
    """Inverse-search flow (DIS, arXiv 1603.03590) with ``here(x) ~ there(x + flow(x))``; RGB or grey uint8."""
    preset = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM if min(here.shape[:2]) < _SMALL else cv2.DISOPTICAL_FLOW_PRESET_FAST
    return cv2.DISOpticalFlow.create(preset).calc(grey(here), grey(there), None)


def occluded(forward: Flow, backward: Flow) -> NDArray[np.bool_]:
    """True (h, w) where going there and back does not return, or ends outside (Sundaram et al., ECCV 2010).

    ``forward`` starts at the pixels that are judged; ``backward`` is the flow of the opposite direction.
    """
    height, width = forward.shape[:2]
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    x, y = xs + forward[..., 0], ys + forward[..., 1]
    outside = (x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)
    return inconsistent(forward, backward) | outside


def motion_boundary(flow: Flow) -> NDArray[np.bool_]:
    """True (h, w) where the flow changes abruptly, so that both its sides are unreliable."""
    slope = sum(np.sum(np.square(np.gradient(flow[..., c])), axis=0) for c in range(2))
    return slope > 0.01 * np.sum(flow**2, axis=-1) + 0.002
