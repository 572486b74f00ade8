"""Restyle a video: decode, denoise and store run beside each other, and memory holds a few batches however long the
video is.

A batch starts where the sink stands, and the batch size is fixed for the render, so an interrupted render has the
same batches as an undisturbed one and its frames are byte-identical. A preview of n frames leaves the sink at n: the
final that continues it keeps those frames as they are and counts its batches from n.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from studio.rendering.diffusion.interface import Engine, Generation, WeightedPrompt
from studio.rendering.errors import Cancelled, PlanError
from studio.rendering.frame_sink import RewindableSink
from studio.rendering.pictures.arrays import Frames
from studio.rendering.pictures.geometry import crop, pad_to_multiple, padded_size
from studio.rendering.plan import RenderPlan, Vid2VidParams
from studio.rendering.vid2vid.finishing import Memory, finish
from studio.rendering.vid2vid.state import RenderState
from studio.rendering.vid2vid.stream import Clip, batches, prefetch

_AHEAD = 2
"""Batches decoded ahead of the device, and batches rendered but not yet stored."""

OnBatch = Callable[[int, Frames, list[dict[str, object]]], None]
"""Told, on the caller's thread, how many frames are stored and the newest batch of them with its records."""


def restyle(
    plan: RenderPlan,
    engine: Engine,
    *,
    source: Iterator[Frames],
    sink: RewindableSink,
    state_dir: Path,
    should_stop: Callable[[], bool],
    on_batch: OnBatch | None = None,
) -> None:
    """Render ``plan.frames_to_render`` frames into ``sink``, going on from what it holds already.

    ``source`` yields frames (h, w, 3) or chunks (n, h, w, 3) of the plan's size, from ``params.start_frame``.
    ``state_dir`` is the render's own and outlives a crash. Raises Cancelled (frames rendered so far are stored),
    MediaError when the source is too short, and whatever the engine raises.
    """
    params = plan.params
    if not isinstance(params, Vid2VidParams):
        raise PlanError("workflow", "not a vid2vid plan")
    height, width = padded_size(plan.height, plan.width)
    state = RenderState.load(state_dir, _batch_size(plan, engine, height, width))
    if state.position(sink.frames_done) < sink.frames_done:
        sink.truncate(state.position(sink.frames_done))
    done, total = sink.frames_done, plan.frames_to_render
    if done >= total:
        return
    context = int(getattr(engine, "context_frames", 0))
    clips = batches(source, first=done, total=total, size=state.batch_size, context=context)
    generation = _generation(plan, params, state.batch_size)
    stage = _Finish(plan, params, sink, state, on_batch)
    with stage, prefetch(clips, _AHEAD) as decoded:
        for clip in decoded:
            if should_stop():
                raise Cancelled
            if clip.frames.shape[1:] != (plan.height, plan.width, 3):
                raise ValueError(f"expected frames of {plan.width}x{plan.height}, got {clip.frames.shape}")
            stage.resume_after(clip)
            stage.submit(clip, _render(clip, generation, engine, height, width, should_stop))


def _batch_size(plan: RenderPlan, engine: Engine, height: int, width: int) -> int:
    wanted = plan.batch_size or engine.free_batch(height, width)
    return min(wanted, getattr(engine, "longest_batch", None) or wanted)


def _generation(plan: RenderPlan, params: Vid2VidParams, batch_size: int) -> Generation:
    return Generation(
        prompts=(WeightedPrompt(params.prompt),),
        negative_prompt=params.negative_prompt,
        cfg_scale=params.cfg_scale,
        steps=plan.model.steps,
        denoising=params.denoising,
        seed=plan.seed,
        scheduler=plan.model.scheduler,
        controlnets=params.controlnets,
        loras=params.loras,
        cross_frame_attention=params.cross_frame_attention,
        options=plan.options,
        batch_frames=batch_size,
        job_frames=plan.frames_to_render,
    )


def _render(
    clip: Clip, generation: Generation, engine: Engine, height: int, width: int, should_stop: Callable[[], bool]
) -> Frames:
    shown = pad_to_multiple(clip.frames if clip.context is None else np.concatenate([clip.context, clip.frames]))
    rendered = engine.generate(
        generation,
        height=height,
        width=width,
        count=len(shown),
        init=shown,
        control_frames=[shown] * len(generation.controlnets),
        anchor=pad_to_multiple(clip.anchor) if generation.cross_frame_attention else None,
        should_stop=should_stop,
    )
    return crop(rendered[len(shown) - len(clip.frames) :], *clip.frames.shape[1:3])


@dataclass(frozen=True)
class _Stored:
    frames_done: int
    frames: Frames
    records: list[dict[str, object]]


class _Finish:
    """Finishes and stores batches in order on a thread of its own; leaving the block waits for what was submitted."""

    def __init__(
        self,
        plan: RenderPlan,
        params: Vid2VidParams,
        sink: RewindableSink,
        state: RenderState,
        on_batch: OnBatch | None,
    ) -> None:
        self._plan = plan
        self._params = params
        self._sink = sink
        self._state = state
        self._on_batch = on_batch
        self._memory: Memory | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="finish")
        self._pending: deque[Future[_Stored]] = deque()

    def __enter__(self) -> _Finish:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._pool.shutdown(wait=True)
        if kind is None:
            self._collect(0)

    def resume_after(self, clip: Clip) -> None:
        """Before the first batch: recall what the frames before it left behind."""
        if self._memory is not None:
            return
        last = self._sink.last_frame() if clip.start else None
        output = None if last is None else last.reshape(self._plan.height, self._plan.width, 3)
        self._memory = Memory(clip.previous, output, self._state.references.get(clip.start))

    def submit(self, clip: Clip, rendered: Frames) -> None:
        self._pending.append(self._pool.submit(self._store, clip, rendered))
        self._collect(_AHEAD)

    def _collect(self, leave: int) -> None:
        while self._pending and (len(self._pending) > leave or self._pending[0].done()):
            stored = self._pending.popleft().result()
            if self._on_batch is not None:
                self._on_batch(stored.frames_done, stored.frames, stored.records)

    def _store(self, clip: Clip, rendered: Frames) -> _Stored:
        assert self._memory is not None
        params = self._params
        frames, self._memory = finish(
            rendered, clip.frames, self._memory, smoothing=params.smoothing, stabilise_colour=params.stabilise_colour
        )
        end = clip.start + len(frames)
        self._state.remember(end, self._memory.colour)
        records = [self._record(clip.start + i) for i in range(len(frames))]
        self._sink.append(frames, records)
        return _Stored(end, frames, records)

    def _record(self, frame: int) -> dict[str, object]:
        params, model = self._params, self._plan.model
        return {
            "frame": frame,
            "source_frame": params.start_frame + frame,
            "seed": self._plan.seed,
            "prompt": params.prompt,
            "negative_prompt": params.negative_prompt,
            "cfg_scale": params.cfg_scale,
            "denoising": params.denoising,
            "steps": model.steps,
            "scheduler": model.scheduler,
            "smoothing": params.smoothing,
        }
