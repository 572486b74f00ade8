"""From rows to pictures: one diffused frame at a time, and the layers that move between two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from studio.rendering.deforum import warps
from studio.rendering.deforum.cadence import Group, Layer
from studio.rendering.deforum.files import Pictures, VideoFrames, source_frames
from studio.rendering.deforum.flow import flow_warp, optical_flow
from studio.rendering.deforum.generations import Generations
from studio.rendering.deforum.masks import Masks
from studio.rendering.deforum.motion import Motion
from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.preparation import Preparation
from studio.rendering.deforum.seeds import drawn_seed
from studio.rendering.deforum.settings import DeforumSettings
from studio.rendering.deforum.warps import Sampler
from studio.rendering.diffusion.interface import Engine
from studio.rendering.pictures.arrays import Frames, Image
from studio.rendering.pictures.depth import DepthEstimator
from studio.rendering.pictures.geometry import padded_size
from studio.rendering.plan import RenderPlan


class Painter:
    """Makes the pictures of one animation; ``colour_sample`` is its state."""

    def __init__(
        self,
        plan: RenderPlan,
        settings: DeforumSettings,
        engine: Engine,
        *,
        source: Iterable[Frames] | None,
        mask_video: Iterable[Frames] | None,
        depth: DepthEstimator | None,
        assets: Mapping[str, Path],
        colour_sample: Image | None,
        should_stop: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._should_stop = should_stop
        self._canvas = padded_size(plan.height, plan.width)
        size = (plan.height, plan.width)
        pictures = Pictures(assets, *size)
        self._source = source_frames(settings, iter(source), *size) if source is not None else None
        masking = VideoFrames(iter(mask_video), *size) if mask_video is not None else None
        self._masks = Masks(settings, pictures, masking, self._canvas)
        self._motion = Motion(settings, self._source, depth, self._canvas)
        self._preparation = Preparation(
            settings, self._motion, self._masks, pictures, self._source, depth, colour_sample
        )

    @property
    def colour_sample(self) -> Image | None:
        return self._preparation.colour_sample

    @colour_sample.setter
    def colour_sample(self, sample: Image | None) -> None:
        self._preparation.colour_sample = sample

    def diffused(self, previous: Layer | None, row: FrameParameters, seed: int, generations: Generations) -> Group:
        """The group that begins with frame ``row``, made from the layer before it."""
        settings = self._settings
        moved = self._motion.advance(previous, row) if previous else None
        if previous and moved:
            init: Image | None = self._preparation.init(previous, moved, row, seed)
        else:
            init = self._preparation.first_init(row)
        if init is not None and row["strength_schedule"] == 0 and settings.strength_0_no_init and not row.guide:
            init = None
        if previous and init is not None:
            init = self._redone(row, init, seed, generations)
        image = self._generate(row, seed, init, generations)
        newer = Layer.fresh(self._preparation.finished(image, row, init), row.frame)
        older = moved if row.cadence > 1 else None
        return self._with_flow(Group(row.frame, row.cadence, seed, newer, older), row)

    def regrouped(
        self, start: int, cadence: int, seed: int, newer: Image, older: tuple[int, Image] | None,
        rows: Mapping[int, FrameParameters],
    ) -> Group:  # fmt: skip
        """A group that was diffused before, from its pictures: ``older`` with the frame that it was diffused at.

        ``rows`` are those since then, up to the frame that the layers are to stand at.
        """
        beneath = None
        if older is not None:
            beneath = Layer.fresh(older[1], older[0])
            for frame in range(older[0] + 1, start + 1):
                beneath = self._motion.advance(beneath, rows[frame])
        group = Group(start, cadence, seed, Layer.fresh(newer, start), beneath)
        group = self._with_flow(group, rows[start])
        for frame in range(start, max(rows) + 1):
            group = self.advanced(group, rows[frame])
        return group

    def advanced(self, group: Group, row: FrameParameters) -> Group:
        """The group with its layers moved to frame ``row``."""
        if group.newer.frame < row.frame:
            group = replace(group, newer=self._motion.advance(group.newer, row))
        if group.older and group.older.frame < row.frame and group.share(row.frame) < 1:
            group = replace(group, older=self._motion.advance(group.older, row))
        return group

    def frame(self, group: Group, row: FrameParameters) -> Image:
        """What is seen at frame ``row``, where the layers stand."""
        return group.frame(self._motion.sampler, row["cadence_flow_factor_schedule"])

    def inits(self, row: FrameParameters, stop: int) -> Frames | None:
        """The source's frames from ``row`` to ``stop - 1`` where they are looked at."""
        from_text = row["strength_schedule"] == 0 and self._settings.strength_0_no_init
        source = self._source
        if self._settings.animation_mode == "Interpolation" or source is None or from_text:
            return None
        return np.stack([source[frame] for frame in range(row.frame, stop)])

    def overlaid(self, image: Image, row: FrameParameters, init: Image | None) -> Image:
        """``image`` with the original where the mask leaves it untouched."""
        return self._preparation.overlaid(image, row, init)

    def batch(
        self, row: FrameParameters, seed: int, init: Frames | None, count: int, generations: Generations
    ) -> Frames:
        """``count`` frames of one request, from ``init`` or from text alone."""
        guided = row.guide is not None
        denoising = round(1.0 - row["image_strength_schedule"], 9) if guided else row.denoising
        source = None
        if self._source is not None and generations.uses_controlnets:
            source = self._source[row.frame][None] if count == 1 else init
        generation, control_frames = generations.build(row, seed=seed, init=init, source=source, denoising=denoising)
        return self._engine.generate(
            generation,
            height=self._canvas[0],
            width=self._canvas[1],
            count=count,
            init=init,
            control_frames=control_frames,
            mask=None if init is None else self._masks.diffusion(row),
            should_stop=self._should_stop,
        )

    def _with_flow(self, group: Group, row: FrameParameters) -> Group:
        method = self._settings.optical_flow_cadence
        if method != "None" and row["strength_schedule"] > 0:
            return group.with_flow(method, self._motion.sampler)
        return group

    def _redone(self, row: FrameParameters, init: Image, seed: int, generations: Generations) -> Image:
        """The init image after the extra passes that the settings ask for, each with a random seed."""
        settings = self._settings
        if settings.optical_flow_redo_generation != "None":
            rough = self._generate(row, drawn_seed(seed, row.frame, 0), init, generations)
            flow = optical_flow(init, rough, settings.optical_flow_redo_generation)
            step = flow_warp(flow, row["redo_flow_factor_schedule"])
            init = warps.apply(rough, step, Sampler(border="reflect"))
        for turn in range(settings.diffusion_redo):
            init = self._generate(row, drawn_seed(seed, row.frame, 1 + turn), init, generations)
        return self._preparation.matched(init, row) if settings.diffusion_redo else init

    def _generate(self, row: FrameParameters, seed: int, init: Image | None, generations: Generations) -> Image:
        return self.batch(row, seed, None if init is None else init[None], 1, generations)[0]
