"""How layers move from frame to frame: the scheduled camera, then the source's motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.rendering.deforum import warp2d, warp3d, warps
from studio.rendering.deforum.cadence import Layer
from studio.rendering.deforum.files import VideoFrames
from studio.rendering.deforum.hybrid import motion_warp
from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.settings import DeforumSettings
from studio.rendering.deforum.warps import Sampler, Warp
from studio.rendering.pictures.depth import DepthEstimator, FlatDepth, distances

Plane = NDArray[np.float32]


class Motion:
    """The motion of one animation. ``sampler`` is how its images are resampled."""

    def __init__(
        self,
        settings: DeforumSettings,
        source: VideoFrames | None,
        depth: DepthEstimator | None,
        canvas: tuple[int, int],
    ) -> None:
        self._settings = settings
        self._source = source
        self._canvas = canvas
        self._is_3d = settings.animation_mode == "3D"
        self._depth = depth if depth and settings.use_depth_warping else FlatDepth()
        self._depths: dict[int, Plane] = {}
        self._hybrid: tuple[int, Warp] | None = None
        if self._is_3d:
            self.sampler = Sampler(settings.sampling_mode, settings.padding_mode, precise=True)
        else:
            self.sampler = Sampler(border=settings.border)

    def advance(self, layer: Layer, row: FrameParameters) -> Layer:
        """The layer one frame on, at ``row``."""
        camera = self.camera(layer, row)
        if self._settings.hybrid_motion == "None":
            return camera
        return camera.moved(self.hybrid(layer, row), row.frame)

    def camera(self, layer: Layer, row: FrameParameters) -> Layer:
        """Only the scheduled motion."""
        if self._is_3d:
            step: Warp = warp3d.camera_field(row.values, self._distances(layer))
        else:
            flip = self._settings.enable_perspective_flip
            step = warp2d.motion_matrix(row.values, *self._canvas, perspective_flip=flip)
        return layer.moved(step, row.frame)

    def hybrid(self, layer: Layer, row: FrameParameters) -> Warp:
        """Only the source's motion from the frame before ``row``."""
        assert self._source is not None
        if self._settings.hybrid_motion_use_prev_img:
            return motion_warp(self._settings, row, layer.rendered(self.sampler), self._source[row.frame])
        if self._hybrid is None or self._hybrid[0] != row.frame:
            before, after = self._source[row.frame - 1], self._source[row.frame]
            self._hybrid = row.frame, motion_warp(self._settings, row, before, after)
        return self._hybrid[1]

    def _distances(self, layer: Layer) -> Plane:
        """Distances of the layer's pixels where they are now; the model looks at each diffused image once."""
        if isinstance(self._depth, FlatDepth):
            return np.ones(self._canvas, np.float32)
        if layer.origin not in self._depths:
            for old in sorted(self._depths)[:-1]:
                del self._depths[old]
            self._depths[layer.origin] = distances(self._depth, layer.image)
        return warps.apply(self._depths[layer.origin], layer.warp, Sampler("bilinear", "border", precise=True))
