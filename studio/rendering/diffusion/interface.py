"""The one interface between the workflows (vid2vid, Deforum) and the model families."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from studio.rendering.pictures.arrays import Frames
from studio.rendering.plan import ControlNetSpec, LoraSpec, RenderOptions

THRESHOLDS = 100, 200
"""Of edges, low and high, as in the ControlNet paper's annotator."""


@dataclass(frozen=True)
class WeightedPrompt:
    """One text of a blend; weights of a blend add up to 1 (``eps = eps_u + sum w_i * cfg * (eps_i - eps_u)``)."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True)
class Generation:
    """How one batch is denoised. Every frame of the batch shares it, noise included."""

    prompts: tuple[WeightedPrompt, ...]
    negative_prompt: str = ""
    cfg_scale: float = 7.0
    steps: int = 20
    denoising: float = 1.0
    """1 generates from noise alone; below, the init frames are kept by ``1 - denoising``; at least one step always
    runs.
    """
    seed: int = 0
    subseed: int | None = None
    subseed_strength: float = 0.0
    """Spherical interpolation of the noise from ``seed`` (0) to ``subseed`` (1)."""
    noise_multiplier: float = 1.0
    scheduler: str | None = None
    controlnets: tuple[ControlNetSpec, ...] = ()
    thresholds: tuple[tuple[int, int], ...] = ()
    """Of each ControlNet, for what sees edges; left out, they are the usual ones."""
    loras: tuple[LoraSpec, ...] = ()
    cross_frame_attention: bool = False
    options: RenderOptions = field(default_factory=RenderOptions)
    batch_frames: int | None = None
    """Frames of the render's full batches, None: of this one."""
    job_frames: int = 0
    """Frames of the whole render."""


class Engine(Protocol):
    """A model, warm on its device. Not thread-safe: one render at a time."""

    def generate(
        self,
        generation: Generation,
        *,
        height: int,
        width: int,
        count: int = 1,
        init: Frames | None = None,
        control_frames: Sequence[Frames] = (),
        mask: NDArray[np.float32] | None = None,
        anchor: Frames | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Frames:
        """Denoise one batch.

        ``init`` (count, height, width, 3) is encoded by the VAE's mean and noised; None starts from noise alone.
        ``control_frames`` holds, per ControlNet unit, the frames its preprocessor reads (not yet preprocessed).
        ``mask`` (height, width) in 0..1: where it is 0 the init stays. ``anchor`` (1, height, width, 3) is the frame
        cross-frame attention looks at. ``height`` and ``width`` are multiples of 8. ``should_stop`` is asked before
        every denoising step. Raises Cancelled, OutOfMemory, ModelError. Output: Frames (count, height, width, 3).
        """

    def free_batch(self, height: int, width: int) -> int:
        """How many frames of this size fit in the free memory at once (at least 1)."""
