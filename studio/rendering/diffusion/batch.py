"""The frames that are denoised together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from studio.rendering.diffusion.interface import Generation
from studio.rendering.pictures.arrays import Frames
from studio.rendering.pictures.geometry import MULTIPLE


@dataclass(frozen=True)
class Batch:
    """Arguments of one ``Engine.generate`` call, or of a part of it; see there for shapes."""

    generation: Generation
    height: int
    width: int
    count: int
    latent_channels: int
    init: Frames | None = None
    control_frames: tuple[Frames, ...] = ()
    mask: NDArray[np.float32] | None = None
    anchor: Frames | None = None

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of one frame's latents."""
        return self.latent_channels, self.height // MULTIPLE, self.width // MULTIPLE

    def padded(self, count: int) -> Batch:
        """The batch filled up to ``count`` frames by repeating the last one."""
        extra = count - self.count
        if extra <= 0:
            return self

        def fill(frames: Frames) -> Frames:
            return np.concatenate([frames, np.repeat(frames[-1:], extra, axis=0)])

        init = None if self.init is None else fill(self.init)
        return replace(self, count=count, init=init, control_frames=tuple(fill(f) for f in self.control_frames))

    def slice(self, start: int, stop: int) -> Batch:
        """Frames ``start`` to ``stop``."""
        if (start, stop) == (0, self.count):
            return self
        return replace(
            self,
            count=stop - start,
            init=None if self.init is None else self.init[start:stop],
            control_frames=tuple(frames[start:stop] for frames in self.control_frames),
        )
