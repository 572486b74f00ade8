"""The one entry point of the renderer: a frozen plan and its files in, a finished video and all beside it out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from studio.rendering.deforum.animator import Steered, animate
from studio.rendering.deforum.checkpoint import carry_over, live_state
from studio.rendering.deforum.settings import import_settings
from studio.rendering.deforum.steering.commands import Ack, Command
from studio.rendering.deforum.steering.history import has_room
from studio.rendering.diffusion.interface import Engine
from studio.rendering.diffusion.samplers import most_steps
from studio.rendering.errors import Cancelled, MediaError, OutOfMemory, PlanError, RenderError
from studio.rendering.media import ffmpeg
from studio.rendering.media.decode import FrameReader, Video
from studio.rendering.media.images import derive_images, write_still
from studio.rendering.media.mux import mux, verify
from studio.rendering.media.probe import MediaInfo, probe
from studio.rendering.media.sink import FrameSink
from studio.rendering.models.checks import scheduler_config
from studio.rendering.models.render_engine import render_engine
from studio.rendering.pictures.arrays import Frames, Image
from studio.rendering.pictures.depth import DepthEstimator, ModelDepth
from studio.rendering.plan import DeforumParams, RenderPlan, Vid2VidParams
from studio.rendering.ports import FramePictures, Progress, RenderInputs, RenderPort, RenderResult, Stage
from studio.rendering.showing import Showing
from studio.rendering.vid2vid.pipeline import restyle

_KEPT_BYTES = 2**30
"""Frames of a render that may be steered stay raw up to here, so that it can go back to them."""


def render(plan: RenderPlan, inputs: RenderInputs, port: RenderPort) -> RenderResult:
    """Render ``plan`` in ``port.work_dir``, going on from what an earlier attempt or ``inputs.checkpoint`` left.

    Raises Cancelled (finished frames stay in the work folder), another RenderError with words for the user, OSError
    when the machine is at fault (a full disk), or whatever ``port`` itself raises; nothing else.
    """
    guarded = _GuardedPort(port)
    try:
        return _Render(plan, inputs, guarded).run()
    except RenderError:
        raise
    except MemoryError as error:
        raise OutOfMemory("The machine has too little memory for this size: choose a smaller one.") from error
    except Exception as error:
        if error is guarded.failure or (isinstance(error, OSError) and error.errno is not None):
            raise
        raise RenderError("The render failed because of an internal error.", code="internal_error") from error


class _GuardedPort:
    """Remembers what the port raised: a lost database is the caller's matter, not a failed render."""

    def __init__(self, port: RenderPort) -> None:
        self.work_dir = port.work_dir
        self.live = port.live
        self.failure: Exception | None = None
        self._port = port

    def progress(self, progress: Progress) -> None:
        with self._noting():
            self._port.progress(progress)

    def should_stop(self) -> bool:
        with self._noting():
            return self._port.should_stop()

    def commands(self, after: int) -> Sequence[Command]:
        with self._noting():
            return self._port.commands(after)

    def applied(self, acks: Sequence[Ack]) -> None:
        with self._noting():
            self._port.applied(acks)

    def paused(self, frame: int) -> bool:
        with self._noting():
            return self._port.paused(frame)

    def frame(self, index: int, record: Mapping[str, Any], pictures: FramePictures) -> None:
        with self._noting():
            self._port.frame(index, record, pictures)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.failure = error
            raise


class _Render:
    """One attempt.

    The work folder holds ``frames`` (the sink), ``state`` (the workflow's), ``still.png`` and, at the end, ``result``.
    """

    def __init__(self, plan: RenderPlan, inputs: RenderInputs, port: _GuardedPort) -> None:
        self._plan = plan
        self._inputs = inputs
        self._port = port
        self._work = port.work_dir
        self._state = self._work / "state"
        self._still = self._work / "still.png"
        self._source = probe(inputs.source) if inputs.source else None
        self._shown = Showing(port)
        self._total = plan.frames_to_render

    def run(self) -> RenderResult:
        started = time.monotonic()
        with self._open_sink() as sink:
            if not self._still.exists() or self._port.live:
                self._keep_still(sink.first_frame())
            self._report("loading", sink.frames_done)
            if sink.frames_done < self._total or self._plan.workflow == "deforum":
                self._render_frames(sink)
            if self._port.should_stop():
                raise Cancelled
            self._report("finishing", sink.frames_done)
            return self._finish(sink, started)

    def _open_sink(self) -> FrameSink:
        plan, checkpoint = self._plan, self._inputs.checkpoint
        folder = self._work / "frames"
        if checkpoint and not FrameSink.exists(folder):
            # The sink last: without it the next attempt copies everything again.
            shutil.rmtree(self._state, ignore_errors=True)
            shutil.copytree(checkpoint / "state", self._state)
            shutil.copyfile(checkpoint / "still.png", self._still)
            carry_over(self._state)
            FrameSink.restore(checkpoint / "frames", folder).close()
        self._state.mkdir(parents=True, exist_ok=True)
        goes_back = self._port.live and plan.workflow == "deforum" and has_room(self._work)
        kept = _KEPT_BYTES // (plan.width * plan.height * 3) if goes_back else 0
        sink = FrameSink(
            folder, width=plan.width, height=plan.height, fps=plan.rate, encoder=ffmpeg.encoder(), kept_frames=kept
        )
        if live := live_state(self._state):
            self._total += live.extended
        if sink.frames_done > self._total:
            raise PlanError("frame_count", f"The video already has {sink.frames_done} frames; it can't become shorter.")
        return sink

    def _render_frames(self, sink: FrameSink) -> None:
        plan, should_stop = self._plan, self._port.should_stop
        with ExitStack() as stack:
            begun = sink.frames_done > 0
            engine: Engine = stack.enter_context(render_engine(plan, self._state, begun=begun))
            self._report("rendering", sink.frames_done)
            source = self._video_of(self._inputs.source, self._source, stack)
            if isinstance(plan.params, Vid2VidParams):
                if source is None:
                    raise MediaError("There is no source video to restyle.", code="no_video_stream")
                restyle(
                    plan,
                    engine,
                    source=iter(source),
                    sink=sink,
                    state_dir=self._state,
                    should_stop=should_stop,
                    on_batch=lambda done, frames, records: self._rendered(done - len(frames), frames, records),
                )
            else:
                mask = self._inputs.mask_video
                animate(
                    plan,
                    engine,
                    source=source,
                    sink=sink,
                    state_dir=self._state,
                    should_stop=should_stop,
                    depth=_depth(plan, plan.params),
                    on_frame=lambda index, frame, record: self._rendered(index, frame[None], [record]),
                    assets=self._inputs.assets,
                    mask_video=self._video_of(mask, probe(mask) if mask else None, stack),
                    steered=self._steered() if self._port.live else None,
                )
                if (live := live_state(self._state)) and live.stopped:
                    self._total = sink.frames_done

    def _steered(self) -> Steered:
        config = scheduler_config(self._plan.model)
        return Steered(
            port=self._shown,
            history=self._work / "history",
            most_steps=lambda sampler: most_steps(sampler, config),
            on_length=self._have_length,
        )

    def _have_length(self, frames: int) -> None:
        self._total = frames

    def _video_of(self, path: Path | None, info: MediaInfo | None, stack: ExitStack) -> Video | None:
        if path is None or info is None or info.kind == "audio":
            return None
        plan, start, count = self._plan, 0, None
        if isinstance(plan.params, Vid2VidParams):
            start, count = plan.params.start_frame, plan.frames_to_render
        reader = partial(
            FrameReader,
            path,
            width=plan.width,
            height=plan.height,
            fps=plan.rate,
            start_frame=start,
            count=count,
            info=info,
        )
        return stack.enter_context(Video(reader))

    def _rendered(self, first: int, frames: Frames, records: Sequence[Mapping[str, Any]]) -> None:
        if first == 0:
            self._keep_still(frames[0])
        picture = self._shown.frames(first, frames, records)
        self._report("rendering", first + len(frames), picture)

    def _keep_still(self, frame: Image | None) -> None:
        if frame is not None:
            write_still(frame, self._still)

    def _report(self, stage: Stage, frames_done: int, preview_jpeg: bytes | None = None) -> None:
        self._port.progress(Progress(stage, frames_done, self._total, preview_jpeg))

    def _finish(self, sink: FrameSink, started: float) -> RenderResult:
        plan, frames = self._plan, sink.frames_done
        if frames != self._total:
            raise RenderError(f"Only {frames} of {self._total} frames were rendered.", code="frames_missing")
        result = self._work / "result"
        shutil.rmtree(result, ignore_errors=True)
        result.mkdir()
        checkpoint = result / "checkpoint"
        checkpoint.mkdir()
        audio, offset = self._sound()
        finished = sink.finish()
        with ThreadPoolExecutor(1, thread_name_prefix="checkpoint") as pool:
            # Both wait for processes most of the time.
            snapshot = pool.submit(sink.snapshot, checkpoint / "frames")
            video = mux(finished, audio, result / "video.mp4", frames / plan.rate, offset=offset)
            verify(video, frames=frames, fps=plan.rate)
            still = cv2.imread(str(self._still))
            first_frame = None if still is None else cv2.cvtColor(still, cv2.COLOR_BGR2RGB)
            images = derive_images(video, result, first_frame=first_frame)
            snapshot.result()
        table = Path(shutil.copyfile(sink.table_path, result / "frames.jsonl"))
        shutil.copytree(self._state, checkpoint / "state")
        shutil.copyfile(images["still"], checkpoint / "still.png")
        return RenderResult(
            video=video,
            **images,
            frame_table=table,
            checkpoint=checkpoint,
            frames=frames,
            width=plan.width,
            height=plan.height,
            seconds=time.monotonic() - started,
        )

    def _sound(self) -> tuple[Path | None, float]:
        """The file whose sound is heard, and its second at the first frame."""
        if self._inputs.soundtrack:
            return self._inputs.soundtrack, 0.0
        if not (self._plan.keep_source_audio and self._source and self._source.has_audio):
            return None, 0.0
        params = self._plan.params
        if isinstance(params, DeforumParams):
            if int(params.settings.get("extract_nth_frame", 1)) != 1:
                return None, 0.0
            first = int(params.settings.get("extract_from_frame", 0))
        else:
            first = params.start_frame
        return self._inputs.source, self._source.sound_offset + float(Fraction(first) / self._plan.rate)


def _depth(plan: RenderPlan, params: DeforumParams) -> DepthEstimator | None:
    """The depth model of an animation that looks through one: the local folder of the plan's ``depth_model``."""
    folder = plan.options.depth_model
    if not folder or not import_settings(params.settings)[0].needs_depth:
        return None
    return ModelDepth(Path(folder))
