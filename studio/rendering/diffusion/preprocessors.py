"""What a ControlNet is shown: frames in, conditioning images out, a whole batch at a time."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.diffusion.interface import THRESHOLDS
from studio.rendering.errors import PlanError
from studio.rendering.pictures.arrays import Frames
from studio.rendering.pictures.depth import DepthEstimator

Preprocessor = Callable[[Frames], Frames]
"""Frames (n, h, w, 3) to conditioning images of the same shape."""


def canny(frames: Frames, low: int = THRESHOLDS[0], high: int = THRESHOLDS[1]) -> Frames:
    """White edges on black."""
    return _map_grey(frames, lambda grey: cv2.Canny(grey, low, high))


def softedge(frames: Frames) -> Frames:
    """Graded contours: gradient magnitude over three scales, so that faint outlines survive and texture does not
    dominate.
    """
    return _map_grey(frames, _contours)


def tile(frames: Frames, factor: int = 4) -> Frames:
    """The picture without its detail (shrunk and grown again), for the ControlNet that paints detail anew."""
    height, width = frames.shape[1:3]
    small = (max(1, width // factor), max(1, height // factor))
    shrunk = [cv2.resize(frame, small, interpolation=cv2.INTER_AREA) for frame in frames]
    return np.stack([cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC) for frame in shrunk])


def depth(frames: Frames, estimator: DepthEstimator) -> Frames:
    """Inverse depth as grey, near is white, each frame stretched to 0..255; a flat frame is mid-grey."""
    maps = np.stack([estimator.estimate(frame) for frame in frames]).astype(np.float32)
    if not estimator.larger_is_nearer:
        maps = -maps
    low = maps.min(axis=(1, 2), keepdims=True)
    span = maps.max(axis=(1, 2), keepdims=True) - low
    scaled = np.where(span > 0, (maps - low) / np.where(span > 0, span, 1) * 255, 127.5)
    return np.repeat(scaled.round().astype(np.uint8)[..., None], 3, axis=-1)


def unchanged(frames: Frames) -> Frames:
    """For conditioning images that were made elsewhere."""
    return frames


def preprocessor(
    kind: str, estimator: DepthEstimator | None = None, thresholds: tuple[int, int] = THRESHOLDS
) -> Preprocessor:
    """The preprocessor that a ControlNet unit of ``kind`` needs; ``thresholds`` are for ``canny``.

    Raises PlanError for an unknown one, or depth without an estimator.
    """
    if kind == "depth":
        if estimator is None:
            raise PlanError("controlnet", "depth needs a depth model, and none is installed")
        return lambda frames: depth(frames, estimator)
    if kind == "canny":
        return lambda frames: canny(frames, *thresholds)
    if kind not in _PREPROCESSORS:
        raise PlanError("controlnet", f"unknown kind {kind!r}; known are {', '.join(kinds())}")
    return _PREPROCESSORS[kind]


def kinds() -> tuple[str, ...]:
    """Every ``ControlNetSpec.kind``."""
    return (*_PREPROCESSORS, "depth")


_PREPROCESSORS: dict[str, Preprocessor] = {"canny": canny, "softedge": softedge, "tile": tile, "none": unchanged}


def _map_grey(frames: Frames, function: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> Frames:
    edges = np.stack([function(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)) for frame in frames])
    return np.repeat(edges[..., None], 3, axis=-1)


def _contours(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    total = np.zeros(grey.shape, np.float32)
    for sigma in (1.0, 2.0, 4.0):
        smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), sigma)
        slope = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
        total += slope * sigma
    return np.clip(total / 3.0, 0, 255).astype(np.uint8)
