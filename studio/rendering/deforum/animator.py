"""Deforum's main loop: frames in order, each made from the one before, every diffused one checkpointed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from studio.rendering.deforum import checkpoint, warps
from studio.rendering.deforum.cadence import Group, Layer
from studio.rendering.deforum.checkpoint import State
from studio.rendering.deforum.files import Pictures, VideoFrames, source_frames
from studio.rendering.deforum.flow import flow_warp, optical_flow
from studio.rendering.deforum.generations import Generations, lora_name
from studio.rendering.deforum.masks import Masks
from studio.rendering.deforum.motion import Motion
from studio.rendering.deforum.parameters import FrameParameters, static_settings
from studio.rendering.deforum.preparation import Preparation
from studio.rendering.deforum.seeds import SeedState, drawn_seed
from studio.rendering.deforum.settings import import_settings
from studio.rendering.deforum.validation import validate
from studio.rendering.deforum.warps import Sampler
from studio.rendering.diffusion.interface import Engine
from studio.rendering.errors import Cancelled, RenderError
from studio.rendering.frame_sink import FrameSink
from studio.rendering.pictures.arrays import Frames, Image
from studio.rendering.pictures.depth import DepthEstimator
from studio.rendering.pictures.geometry import padded_size
from studio.rendering.plan import DeforumParams, RenderPlan

OnFrame = Callable[[int, Image], None]


def animate(
    plan: RenderPlan,
    engine: Engine,
    *,
    source: Iterator[Frames] | None,
    sink: FrameSink,
    state_dir: Path,
    should_stop: Callable[[], bool],
    depth: DepthEstimator | None = None,
    on_frame: OnFrame | None = None,
    assets: Mapping[str, Path] | None = None,
    mask_video: Iterator[Frames] | None = None,
) -> None:
    """Render a Deforum plan's frames, 0 to ``plan.frames_to_render - 1``, into ``sink``.

    A checkpoint in ``state_dir`` is continued: the sink is cut to the frames the checkpoint knows and the rest is
    rendered exactly as if nothing had happened; a longer ``plan.frame_count`` extends the video. ``source`` and
    ``mask_video`` yield the videos' frames (n, height, width, 3) from their first one on, ``assets`` maps the file
    names used in the settings to local images, ``on_frame`` is told each frame's index and pixels once it is durable.
    Raises PlanError, MediaError, Cancelled and what the engine raises.
    """
    animation = _Animation(
        plan, engine, source, sink, state_dir, should_stop, depth, on_frame, assets or {}, mask_video
    )
    animation.run()


class _Animation:
    def __init__(
        self,
        plan: RenderPlan,
        engine: Engine,
        source: Iterator[Frames] | None,
        sink: FrameSink,
        state_dir: Path,
        should_stop: Callable[[], bool],
        depth: DepthEstimator | None,
        on_frame: OnFrame | None,
        assets: Mapping[str, Path],
        mask_video: Iterator[Frames] | None,
    ) -> None:
        assert isinstance(plan.params, DeforumParams)
        self._plan = plan
        self._engine = engine
        self._sink = sink
        self._state_dir = state_dir
        self._should_stop = should_stop
        self._on_frame = on_frame
        settings, _ = import_settings(plan.params.settings)
        self._settings = settings
        self._table = validate(
            settings,
            plan.frame_count,
            seed=plan.seed,
            loras={lora_name(spec) for spec in plan.params.loras},
            assets=assets,
            has_source=source is not None,
            has_mask_video=mask_video is not None,
        )
        self._generations = Generations(plan, settings, self._table)
        self._seed_behavior = "schedule" if settings.use_looper else settings.seed_behavior

        self._canvas = padded_size(plan.height, plan.width)
        self._state = self._recovered()
        size = (plan.height, plan.width)
        pictures = Pictures(assets, *size)
        self._source = source_frames(settings, source, *size) if source is not None else None
        masking = VideoFrames(mask_video, *size) if mask_video is not None else None
        self._masks = Masks(settings, pictures, masking, self._canvas)
        self._motion = Motion(settings, self._source, depth, self._canvas)
        self._preparation = Preparation(
            settings, self._motion, self._masks, pictures, self._source, depth, self._state.colour_sample
        )

    def run(self) -> None:
        independent = self._settings.animation_mode in ("Video Input", "Interpolation")
        render_next = self._independent_frames if independent else self._next_group
        while self._state.emitted < self._plan.frames_to_render:
            if self._should_stop():
                raise Cancelled
            render_next()

    def _recovered(self) -> State:
        state = checkpoint.load(self._state_dir) or State(self._canvas, 0, SeedState.start(self._plan.seed))
        if state.canvas != self._canvas:
            raise RenderError("The video to continue has another size.", code="invalid_checkpoint")
        if self._sink.frames_done < state.emitted:
            raise RenderError("Frames of the video to continue are missing.", code="invalid_checkpoint")
        if self._sink.frames_done > state.emitted:
            self._sink.truncate(state.emitted)
        if state.seeds.initial != SeedState.start(self._plan.seed).initial:
            # An extension may ask for a seed of its own.
            state = replace(state, seeds=SeedState.start(self._plan.seed))
        return state

    def _next_group(self) -> None:
        """Diffuse the frame that is due, if one is, then emit the frames up to the next diffusion."""
        state, sampler = self._state, self._motion.sampler
        group, seeds = state.group, state.seeds
        if group is None or state.emitted >= group.stop:
            group = self._diffused_group(self._table[state.emitted])
            seeds = seeds.advanced(self._seed_behavior, self._settings.seed_iter_N)
        stop = min(group.stop, self._plan.frames_to_render)
        images, records = [], []
        for row in self._table[state.emitted : stop]:
            group = self._advanced(group, row)
            images.append(group.frame(sampler, row["cadence_flow_factor_schedule"]))
            records.append(row.record(seed=group.seed, diffused=row.frame == group.start))
        self._emit(images, records, replace(state, emitted=stop, group=group, seeds=seeds))

    def _diffused_group(self, row: FrameParameters) -> Group:
        settings = self._settings
        previous = self._state.group.newer if self._state.group else None
        moved = self._motion.advance(previous, row) if previous else None
        seed = self._seed(row)
        if previous and moved:
            init: Image | None = self._preparation.init(previous, moved, row, seed)
        else:
            init = self._preparation.first_init(row)
        if init is not None and row["strength_schedule"] == 0 and settings.strength_0_no_init and not row.guide:
            init = None
        if previous and init is not None:
            init = self._redone(row, init, seed)
        image = self._generate(row, seed, init)
        group = Group(
            start=row.frame,
            cadence=row.cadence,
            seed=seed,
            newer=Layer.fresh(self._preparation.finished(image, row, init), row.frame),
            older=moved if row.cadence > 1 else None,
        )
        if settings.optical_flow_cadence != "None" and row["strength_schedule"] > 0:
            return group.with_flow(settings.optical_flow_cadence, self._motion.sampler)
        return group

    def _advanced(self, group: Group, row: FrameParameters) -> Group:
        if group.newer.frame < row.frame:
            group = replace(group, newer=self._motion.advance(group.newer, row))
        if group.older and group.older.frame < row.frame and group.share(row.frame) < 1:
            group = replace(group, older=self._motion.advance(group.older, row))
        return group

    def _redone(self, row: FrameParameters, init: Image, seed: int) -> Image:
        """The init image after the extra passes that the settings ask for, each with a random seed."""
        settings = self._settings
        if settings.optical_flow_redo_generation != "None":
            rough = self._generate(row, drawn_seed(seed, row.frame, 0), init)
            flow = optical_flow(init, rough, settings.optical_flow_redo_generation)
            step = flow_warp(flow, row["redo_flow_factor_schedule"])
            init = warps.apply(rough, step, Sampler(border="reflect"))
        for turn in range(settings.diffusion_redo):
            init = self._generate(row, drawn_seed(seed, row.frame, 1 + turn), init)
        return self._preparation.matched(init, row) if settings.diffusion_redo else init

    def _generate(self, row: FrameParameters, seed: int, init: Image | None) -> Image:
        return self._generate_batch(row, seed, None if init is None else init[None], count=1)[0]

    def _generate_batch(self, row: FrameParameters, seed: int, init: Frames | None, count: int) -> Frames:
        guided = row.guide is not None
        denoising = round(1.0 - row["image_strength_schedule"], 9) if guided else row.denoising
        source = None
        if self._source is not None and self._generations.uses_controlnets:
            source = self._source[row.frame][None] if count == 1 else init
        generation, control_frames = self._generations.build(
            row, seed=seed, init=init, source=source, denoising=denoising
        )
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

    def _independent_frames(self) -> None:
        """Render the frames that are due in a mode without motion: from the source's frames, or from text alone."""
        start, stop = self._batch(self._state.emitted)
        row, seed = self._table[start], self._seed(self._table[start])
        inits = self._inits(start, stop)
        frames = self._generate_batch(row, seed, inits, stop - start)
        limit = min(stop, self._plan.frames_to_render)
        images, records = [], []
        seeds = self._state.seeds
        for row in self._table[self._state.emitted : limit]:
            index = row.frame - start
            init = None if inits is None else inits[index]
            images.append(self._preparation.overlaid(frames[index], row, init))
            records.append(row.record(seed=seed, diffused=True))
            seeds = seeds.advanced(self._seed_behavior, self._settings.seed_iter_N)
        self._emit(images, records, replace(self._state, emitted=limit, seeds=seeds))

    def _inits(self, start: int, stop: int) -> Frames | None:
        row = self._table[start]
        from_text = row["strength_schedule"] == 0 and self._settings.strength_0_no_init
        source = self._source
        if self._settings.animation_mode == "Interpolation" or source is None or from_text:
            return None
        return np.stack([source[frame] for frame in range(start, stop)])

    def _batch(self, frame: int) -> tuple[int, int]:
        """The frames that are denoised together with ``frame``, the same wherever a render starts or stops."""
        size = self._plan.batch_size or 1
        masked = self._settings.use_mask or self._settings.use_mask_video
        if size == 1 or masked or self._seed_behavior != "fixed" or self._settings.animation_mode != "Video Input":
            return frame, frame + 1
        first = frame - frame % size
        last = min(first + size, self._plan.frame_count)
        start, stop = frame, frame + 1
        while start > first and self._alike(start - 1, frame):
            start -= 1
        while stop < last and self._alike(stop, frame):
            stop += 1
        return start, stop

    def _alike(self, a: int, b: int) -> bool:
        def request(row: FrameParameters) -> tuple[object, ...]:
            generation, _ = self._generations.build(row, seed=0, init=None, source=None, denoising=1.0)
            return generation, row.denoising, row.units

        return request(self._table[a]) == request(self._table[b])

    def _seed(self, row: FrameParameters) -> int:
        return self._state.seeds.at(self._seed_behavior, row["seed_schedule"], row.frame).seed

    def _emit(self, images: list[Image], records: list[dict[str, Any]], state: State) -> None:
        """Hand frames to the sink, then make the state that follows them durable."""
        first = self._state.emitted
        frames = np.stack([image[: self._plan.height, : self._plan.width] for image in images])
        if first == 0:
            records[0]["settings"] = static_settings(self._settings)
        self._sink.append(frames, records)
        self._state = replace(state, colour_sample=self._preparation.colour_sample)
        checkpoint.save(self._state, self._state_dir)
        for index, frame in enumerate(frames, start=first):
            if self._on_frame:
                self._on_frame(index, frame)
