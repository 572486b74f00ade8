"""How much a restyled clip flickers, and what smoothing it cost. Clips are uint8 (n, h, w, 3)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.pictures.arrays import Frames
from studio.rendering.pictures.flow import pull
from studio.rendering.vid2vid.flow import dense_flow, motion_boundary, occluded


def warping_error(outputs: Frames, sources: Frames) -> float:
    """Mean squared difference, on [0, 1], of each output and the previous one moved along the source's flow.

    Occluded pixels and motion boundaries don't count (Lai et al., ECCV 2018, "Learning blind video temporal
    consistency"). Lower is steadier; the source's own error is the floor.
    """
    errors = []
    for t in range(1, len(outputs)):
        to_previous = dense_flow(sources[t], sources[t - 1])
        to_next = dense_flow(sources[t - 1], sources[t])
        trusted = ~(occluded(to_previous, to_next) | motion_boundary(to_previous))
        if not trusted.any():
            continue
        moved = pull(outputs[t - 1].astype(np.float32) / 255, to_previous)
        squared = np.mean((outputs[t].astype(np.float32) / 255 - moved) ** 2, axis=-1)
        errors.append(float(squared[trusted].mean()))
    return float(np.mean(errors)) if errors else 0.0


def sharpness(frames: Frames) -> float:
    """Mean variance of the Laplacian; the ratio to an unblended clip's shows what blending blurred."""
    return float(np.mean([cv2.Laplacian(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var() for f in frames]))


def drift(outputs: Frames, unblended: Frames) -> float:
    """PSNR in dB to the unblended clip: how far blending moved it from what was rendered. Infinite if equal."""
    error = float(np.mean((outputs.astype(np.float64) - unblended.astype(np.float64)) ** 2))
    return float("inf") if error == 0.0 else 10.0 * float(np.log10(255.0**2 / error))


def static_flicker(outputs: Frames) -> float:
    """Mean absolute difference of consecutive frames, in levels; for clips whose source does not move."""
    steps: NDArray[np.float64] = np.abs(np.diff(outputs.astype(np.float64), axis=0))
    return float(steps.mean())
