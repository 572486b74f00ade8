"""Cadence ("turbo"): only every N-th frame is diffused, the frames between are warped and cross-faded.

A layer keeps the image as it was diffused and one composed warp, so that a frame is resampled once however far it has
moved. A group is what lies between two diffusions: frame k of the group that was diffused at d shows the older layer
and the newer one with weight (k - d + 1) / N, so a diffused image arrives fully at d + N - 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from studio.rendering.deforum import warps
from studio.rendering.deforum.colour import blend
from studio.rendering.deforum.flow import flow_warp, optical_flow
from studio.rendering.deforum.warps import Field, Sampler, Warp
from studio.rendering.pictures.arrays import Image


@dataclass(frozen=True, eq=False)
class Layer:
    """A diffused image and where it has moved since."""

    image: Image
    origin: int
    """The frame it was diffused at."""
    frame: int
    """The frame that ``warp`` carries it to."""
    warp: Warp

    @classmethod
    def fresh(cls, image: Image, frame: int) -> Layer:
        return cls(image, frame, frame, warps.identity())

    def moved(self, step: Warp, frame: int) -> Layer:
        """The layer after one more frame's motion."""
        return replace(self, warp=warps.compose(self.warp, step, *self.image.shape[:2]), frame=frame)

    def rendered(self, sampler: Sampler) -> Image:
        """The image where it is now: one resampling."""
        return warps.apply(self.image, self.warp, sampler)


@dataclass(frozen=True, eq=False)
class Group:
    """The frames from one diffusion to the next, ``start`` to ``start + cadence - 1``."""

    start: int
    cadence: int
    seed: int
    """The seed that ``newer`` was diffused with."""
    newer: Layer
    older: Layer | None = None
    flow: Field | None = None
    """Half the optical flow from the older to the newer layer at ``start``; None without flow cadence."""

    @property
    def stop(self) -> int:
        return self.start + self.cadence

    def share(self, frame: int) -> float:
        """The newer layer's weight at ``frame``."""
        return (frame - self.start + 1) / self.cadence

    def with_flow(self, method: str, sampler: Sampler) -> Group:
        """The group with the flow between its layers, which both must stand at ``start``."""
        if self.older is None:
            return self
        flow = optical_flow(self.older.rendered(sampler), self.newer.rendered(sampler), method) / 2
        return replace(self, flow=flow.astype(np.float32))

    def frame(self, sampler: Sampler, flow_factor: float) -> Image:
        """The picture at the frame that the layers stand at."""
        share = self.share(self.newer.frame)
        older, newer = self.older, self.newer
        if older is None or share >= 1:
            return newer.rendered(sampler)
        if self.flow is not None:
            # The layers meet on the way: the older one runs ahead along the flow, the newer one starts behind.
            flow = warps.apply(self.flow, newer.warp, replace(sampler, mode="bilinear"))
            older = older.moved(flow_warp(flow, share * flow_factor), older.frame)
            newer = newer.moved(flow_warp(flow, (share - 1) * flow_factor), newer.frame)
        return blend(older.rendered(sampler), newer.rendered(sampler), share)
