"""Colour, contrast and sharpness of the previous frame, in RGB and with rounding instead of wrapping or truncation."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.pictures.arrays import Image

_SPACES = {
    "RGB": None,
    "HSV": (cv2.COLOR_RGB2HSV, cv2.COLOR_HSV2RGB),
    "LAB": (cv2.COLOR_RGB2LAB, cv2.COLOR_LAB2RGB),
}


class Palette:
    """The colours of ``reference`` (RGB) as histograms of each channel in ``space``: RGB, HSV or LAB."""

    def __init__(self, reference: Image, space: str) -> None:
        self._conversion = _SPACES[space]
        converted = reference if self._conversion is None else cv2.cvtColor(reference, self._conversion[0])
        self._counts = [_counts(converted[..., c]) for c in range(3)]

    def match(self, image: Image) -> Image:
        """``image`` (RGB) with the palette's histograms; an image that has them already is returned unchanged."""
        if self._conversion is None:
            return self._matched(image)
        there, back = self._conversion
        converted = cv2.cvtColor(image, there)
        matched = self._matched(converted)
        # Only the change goes back: OpenCV's 8-bit spaces are up to 21 levels off and back, which would add
        # up over frames.
        change = cv2.cvtColor(matched, back).astype(np.int16) - cv2.cvtColor(converted, back)
        return np.clip(image + change, 0, 255).astype(np.uint8)

    def _matched(self, image: Image) -> Image:
        tables = [_matching_table(_counts(image[..., c]), self._counts[c]) for c in range(3)]
        return cv2.LUT(image, np.stack(tables, axis=-1)[:, None, :])


def match_histogram(channel: Image, reference: Image) -> Image:
    """Map each value to the reference value of the same cumulative frequency, interpolated between its values."""
    return _matching_table(_counts(channel), _counts(reference))[channel]


def greyscale(image: Image) -> Image:
    """Luma in all three channels."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def adjust_contrast(image: Image, contrast: float) -> Image:
    """Multiply, rounded and clipped."""
    levels = np.clip(np.rint(np.arange(256) * contrast), 0, 255)
    return cv2.LUT(image, levels.astype(np.uint8))


def unsharp_mask(image: Image, *, amount: float, kernel: int, sigma: float, threshold: float) -> Image:
    """Sharpen: ``(1 + amount) * image - amount * blur``, where image and blur differ by ``threshold`` or more."""
    if amount == 0:
        return image
    # Gaussian kernels have odd sizes.
    size = kernel | 1
    blurred = cv2.GaussianBlur(image, (size, size), sigma)
    sharpened = cv2.addWeighted(image, 1 + amount, blurred, -amount, 0)
    if threshold > 0:
        return np.where(cv2.absdiff(image, blurred) < threshold, image, sharpened)
    return sharpened


def blend(a: Image, b: Image, share: float) -> Image:
    """``a * (1 - share) + b * share``, rounded; the ends are exact copies."""
    if share <= 0:
        return a
    if share >= 1:
        return b
    return cv2.addWeighted(a, 1 - share, b, share, 0)


def _matching_table(counts: NDArray[np.float64], reference_counts: NDArray[np.float64]) -> Image:
    """Which value (256,) each value of a channel becomes."""
    present = np.flatnonzero(reference_counts)
    quantiles = np.cumsum(counts) / counts.sum()
    reference_quantiles = np.cumsum(reference_counts)[present] / reference_counts.sum()
    return np.rint(np.interp(quantiles, reference_quantiles, present)).astype(np.uint8)


def _counts(channel: Image) -> NDArray[np.float64]:
    histogram = cv2.calcHist([np.ascontiguousarray(channel)], [0], None, [256], (0, 256))
    return histogram.ravel().astype(np.float64)
