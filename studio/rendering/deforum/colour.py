"""Colour, contrast and sharpness of the previous frame, in RGB and with rounding instead of wrapping or truncation."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

_SPACES = {
    "RGB": None,
    "HSV": (cv2.COLOR_RGB2HSV, cv2.COLOR_HSV2RGB),
    "LAB": (cv2.COLOR_RGB2LAB, cv2.COLOR_LAB2RGB),
}


def match_colours(image: Image, reference: Image, space: str) -> Image:
    """Give each channel of ``image`` the histogram of ``reference``, both RGB, in ``space``: RGB, HSV or LAB."""
    conversion = _SPACES[space]
    if conversion is None:
        return _match_channels(image, reference)
    there, back = conversion
    converted = cv2.cvtColor(image, there)
    matched = _match_channels(converted, cv2.cvtColor(reference, there))
    # Only the change goes back: OpenCV's 8-bit spaces are up to 21 levels off and back, which would add up over frames.
    change = cv2.cvtColor(matched, back).astype(np.int16) - cv2.cvtColor(converted, back)
    return np.clip(image + change, 0, 255).astype(np.uint8)


def match_histogram(channel: Image, reference: Image) -> Image:
    """Map each value to the reference value of the same cumulative frequency, interpolated between its values."""
    return _matching_table(channel, reference)[channel]


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


def _match_channels(image: Image, reference: Image) -> Image:
    tables = [_matching_table(image[..., c], reference[..., c]) for c in range(3)]
    return cv2.LUT(image, np.stack(tables, axis=-1)[:, None, :])


def _matching_table(channel: Image, reference: Image) -> Image:
    """Which value (256,) each value of ``channel`` becomes."""
    counts, reference_counts = _counts(channel), _counts(reference)
    present = np.flatnonzero(reference_counts)
    quantiles = np.cumsum(counts) / channel.size
    reference_quantiles = np.cumsum(reference_counts)[present] / reference.size
    return np.rint(np.interp(quantiles, reference_quantiles, present)).astype(np.uint8)


def _counts(channel: Image) -> NDArray[np.float64]:
    histogram = cv2.calcHist([np.ascontiguousarray(channel)], [0], None, [256], (0, 256))
    return histogram.ravel().astype(np.float64)
