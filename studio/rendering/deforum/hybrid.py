"""Hybrid video: the source's motion moves the animation, and its frames are composited into it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.deforum.colour import blend
from studio.rendering.deforum.flow import consistent_flow, flow_warp, optical_flow
from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.settings import DeforumSettings
from studio.rendering.deforum.warps import Warp, identity
from studio.rendering.errors import PlanError
from studio.rendering.pictures.arrays import Image
from studio.rendering.pictures.depth import DepthEstimator, nearness

Mask = NDArray[np.float32]

_RATIO = 0.75
_RANSAC_PIXELS = 5.0
_MIN_MATCHES = 8


def motion_warp(settings: DeforumSettings, row: FrameParameters, before: Image, after: Image) -> Warp:
    """The warp that carries ``before`` to ``after`` as the settings ask; the identity if it can't be told."""
    if settings.hybrid_motion == "Optical Flow":
        method = settings.hybrid_flow_method
        if settings.hybrid_flow_consistency:
            flow = consistent_flow(before, after, method, blur=settings.hybrid_consistency_blur)
        else:
            flow = optical_flow(before, after, method)
        return flow_warp(flow, row["hybrid_flow_factor_schedule"])
    return matched_matrix(before, after, perspective=settings.hybrid_motion == "Perspective")


def matched_matrix(before: Image, after: Image, *, perspective: bool) -> Warp:
    """The affine (shift, turn, scale) or perspective matrix between two images, from SIFT matches by RANSAC."""
    sift = cv2.SIFT.create()
    greys = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (before, after)]
    (keys_a, features_a), (keys_b, features_b) = (sift.detectAndCompute(grey, None) for grey in greys)
    if features_a is None or features_b is None or len(keys_b) < 2:
        return identity()
    pairs = cv2.BFMatcher().knnMatch(features_a, features_b, k=2)
    good = [first for first, second in pairs if first.distance < _RATIO * second.distance]
    if len(good) <= _MIN_MATCHES:
        return identity()
    from_points = np.array([keys_a[match.queryIdx].pt for match in good], np.float32)
    to_points = np.array([keys_b[match.trainIdx].pt for match in good], np.float32)
    if perspective:
        found, _ = cv2.findHomography(from_points, to_points, cv2.RANSAC, _RANSAC_PIXELS)
    else:
        found, _ = cv2.estimateAffinePartial2D(from_points, to_points)
    if found is None or abs(np.linalg.det(found[:2, :2])) < 1e-6:
        return identity()
    matrix = np.eye(3)
    matrix[: found.shape[0]] = found
    return matrix


def composite(
    settings: DeforumSettings, row: FrameParameters, previous: Image, video: Image, depth: DepthEstimator | None
) -> Image:
    """Mix the source's frame into ``previous``, which stays where the mask is 1, and everywhere by ``1 - alpha``."""
    mask = composite_mask(settings, row, previous, video, depth)
    mixed = video
    if mask is not None:
        weight = mask[..., None]
        mixed = np.rint(previous * weight + video * (1 - weight)).clip(0, 255).astype(np.uint8)
    return blend(previous, mixed, row["hybrid_comp_alpha_schedule"])


def composite_mask(
    settings: DeforumSettings, row: FrameParameters, previous: Image, video: Image, depth: DepthEstimator | None
) -> Mask | None:
    """The composite's mask (height, width) in 0..1 with its adjustments; None when the settings use none."""
    kind = settings.hybrid_comp_mask_type
    if kind == "None":
        return None
    if kind in ("Depth", "Video Depth"):
        if depth is None:
            raise PlanError("hybrid_comp_mask_type", "hybrid_comp_mask_type: a depth mask needs a depth model")
        mask = nearness(depth, previous if kind == "Depth" else video) * 255
    else:
        grey_previous, grey_video = (
            cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in (previous, video)
        )
        share = row["hybrid_comp_mask_blend_alpha_schedule"]
        blended = kind == "Blend"
        mask = grey_previous * (1 - share) + grey_video * share if blended else abs(grey_previous - grey_video)
    levels = np.rint(mask).clip(0, 255).astype(np.uint8)
    if settings.hybrid_comp_mask_inverse:
        levels = 255 - levels
    if settings.hybrid_comp_mask_equalize in ("Before", "Both"):
        levels = cv2.equalizeHist(levels)
    contrast = row["hybrid_comp_mask_contrast_schedule"]
    if contrast != 1:
        mean = float(levels.mean())
        levels = np.rint((levels - mean) * contrast + mean).clip(0, 255).astype(np.uint8)
    if settings.hybrid_comp_mask_auto_contrast:
        levels = _auto_contrast(levels, row)
    if settings.hybrid_comp_mask_equalize in ("After", "Both"):
        levels = cv2.equalizeHist(levels)
    return (levels / 255).astype(np.float32)


def _auto_contrast(levels: Image, row: FrameParameters) -> Image:
    """Stretch the levels between the two cut-off percentiles over the whole range."""
    cutoffs = (
        row["hybrid_comp_mask_auto_contrast_cutoff_low_schedule"],
        row["hybrid_comp_mask_auto_contrast_cutoff_high_schedule"],
    )
    low, high = np.percentile(levels, sorted(cutoffs))
    if high <= low:
        return levels
    return np.rint((levels - low) * (255 / (high - low))).clip(0, 255).astype(np.uint8)
