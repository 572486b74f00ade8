"""Pictures and generations for the engine's tests."""

from typing import Any

import cv2
import numpy as np

from studio.rendering.diffusion.interface import Generation, WeightedPrompt
from studio.rendering.pictures.arrays import Frames

SIZE = 64


def pictures(count: int, *, seed: int = 0, size: int = SIZE) -> Frames:
    """Smooth random pictures, (count, size, size, 3)."""
    noise = np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    return np.stack([cv2.GaussianBlur(picture, (0, 0), 2) for picture in noise])


def generation(prompt: str = "a wolf", **changes: Any) -> Generation:
    """Four of eight DDIM steps with guidance."""
    return Generation((WeightedPrompt(prompt),), **{"steps": 8, "denoising": 0.5, "seed": 3, **changes})


def render(engine: Any, init: Frames | None, **changes: Any) -> Frames:
    """One batch at 64x64."""
    given = {name: changes.pop(name) for name in ("control_frames", "mask", "anchor", "should_stop") if name in changes}
    count = changes.pop("count", 1 if init is None else len(init))
    return engine.generate(generation(**changes), height=SIZE, width=SIZE, count=count, init=init, **given)


def difference(a: Frames, b: Frames) -> float:
    """Mean absolute difference in levels."""
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())
