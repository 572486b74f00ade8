"""Temporal smoothing: each frame is blended with the previous output, moved along the motion of the source.

The flow comes from the source, whose content is consistent, and not from the flickering output. Where it can't be
trusted (newly uncovered, or out of frame) the frame stays as it was rendered, and a cut starts afresh.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.pictures.arrays import Flow, Image
from studio.rendering.pictures.flow import pull
from studio.rendering.vid2vid.flow import dense_flow, occluded

MAX_ALPHA = 0.7
"""More than this leaves ghosts (Laplacian variance falls to 0.28 of the unblended picture's)."""
_CUT_DIFFERENCE = 51.0
"""Mean absolute difference of two neighbouring source frames, in levels, that only a cut makes (0.2 of the range)."""
_CUT_OCCLUDED = 0.6
"""Share of untrusted pixels above which the flow is meaningless."""
_MISMATCH = 20.0
"""Levels, mean of the channels over 3x3 pixels: well above sensor noise and resampling error."""


@dataclass(frozen=True)
class Smoothed:
    """A frame and where the previous one shows in it."""

    frame: Image
    blended: NDArray[np.bool_]
    """(h, w), where the previous output has a share."""


def is_cut(previous: Image, current: Image) -> bool:
    """Whether two neighbouring source frames (h, w, 3) belong to different scenes, judged by brightness alone."""
    return float(np.mean(np.abs(previous.astype(np.int16) - current.astype(np.int16)))) > _CUT_DIFFERENCE


def smooth(output: Image, source: Image, previous_output: Image, previous_source: Image, alpha: float) -> Smoothed:
    """Blend ``alpha`` (0..0.7) of the moved ``previous_output`` into ``output``; all (h, w, 3). Alpha 0 and cuts
    change nothing.
    """
    nothing = np.zeros(output.shape[:2], np.bool_)
    if alpha <= 0.0 or is_cut(previous_source, source):
        return Smoothed(output, nothing)
    to_previous = dense_flow(source, previous_source)
    hidden = occluded(to_previous, dense_flow(previous_source, source)) | _mismatched(
        source, previous_source, to_previous
    )
    if float(hidden.mean()) > _CUT_OCCLUDED:
        return Smoothed(output, nothing)
    moved = pull(previous_output, to_previous).astype(np.float32)
    share = np.where(hidden, 0.0, min(alpha, MAX_ALPHA)).astype(np.float32)[..., None]
    blended = np.rint(output + share * (moved - output)).astype(np.uint8)
    return Smoothed(blended, ~hidden)


def _mismatched(source: Image, previous_source: Image, to_previous: Flow) -> NDArray[np.bool_]:
    """Where the moved previous source is another picture: flow that is smooth across an edge agrees with itself, but
    lies.
    """
    apart = cv2.blur(cv2.absdiff(source, pull(previous_source, to_previous)), (3, 3))
    return apart.mean(axis=-1) > _MISMATCH
