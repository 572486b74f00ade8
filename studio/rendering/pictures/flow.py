"""What vid2vid and Deforum do with optical flow alike. Flows are float32 (h, w, 2), pixels, (x, y)."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.pictures.arrays import Flow, Image


def grey(image: Image) -> Image:
    """(h, w) of RGB (h, w, 3) or of what is grey already."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def pull(image: NDArray[Any], flow: Flow) -> NDArray[Any]:
    """``image(x + flow(x))``, bilinear, edges repeated."""
    ys, xs = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return cv2.remap(image, xs + flow[..., 0], ys + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def inconsistent(forward: Flow, backward: Flow) -> NDArray[np.bool_]:
    """True (h, w) where going there and back does not return (Sundaram et al., ECCV 2010).

    ``forward`` starts at the pixels that are judged; ``backward`` is the flow of the opposite direction.
    """
    back = pull(backward, forward)
    error = np.sum((forward + back) ** 2, axis=-1)
    size = np.sum(forward**2, axis=-1) + np.sum(back**2, axis=-1)
    return error > 0.01 * size + 0.5
