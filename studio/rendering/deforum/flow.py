"""Optical flow between two images, and warps made from it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.errors import PlanError
from studio.rendering.pictures.arrays import Image
from studio.rendering.pictures.flow import grey, inconsistent

Field = NDArray[np.float32]

_MIN_SIDE = 32
"""DIS has no coarsest scale below this many pixels; smaller images are enlarged for it."""


def optical_flow(a: Image, b: Image, method: str) -> Field:
    """Where each pixel of ``a`` went in ``b``: (height, width, 2), x and y in pixels. Images are RGB."""
    grey_a, grey_b = grey(a), grey(b)
    height, width = grey_a.shape
    scale = max(1, -(-_MIN_SIDE // min(height, width)))
    if scale > 1:
        size = (width * scale, height * scale)
        grey_a, grey_b = (cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR) for grey in (grey_a, grey_b))
    flow = _estimate(grey_a, grey_b, method)
    if scale > 1:
        flow = cv2.resize(flow, (width, height), interpolation=cv2.INTER_AREA) / scale
    return flow


def consistent_flow(a: Image, b: Image, method: str, *, blur: int = 0) -> Field:
    """:func:`optical_flow` where the way there and back agree, 0 elsewhere; ``blur`` (pixels) softens the limit."""
    forward, backward = optical_flow(a, b, method), optical_flow(b, a, method)
    mask = (~inconsistent(forward, backward)).astype(np.float32)
    if blur > 0:
        mask = cv2.blur(mask, (2 * blur + 1, 2 * blur + 1))
    return forward * mask[..., None]


def flow_warp(flow: Field, factor: float) -> Field:
    """The warp that carries an image along ``factor`` of a flow: each pixel looks back the way it came."""
    return (-factor * flow).astype(np.float32)


def _estimate(a: Image, b: Image, method: str) -> Field:
    if method == "Farneback":
        return cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 5, 21, 5, 7, 1.2, 0)
    if method == "DIS Medium":
        return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(a, b, None)
    if method == "DIS Fine":
        estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        estimator.setFinestScale(0)
        estimator.setGradientDescentIterations(192)
        estimator.setPatchSize(8)
        estimator.setPatchStride(4)
        return estimator.calc(a, b, None)
    raise PlanError("hybrid_flow_method", f"unknown optical flow {method!r}")
