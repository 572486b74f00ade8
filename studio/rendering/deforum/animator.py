"""Deforum's main loop: frames in order, each made from the one before, every diffused one checkpointed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from studio.rendering.deforum import checkpoint
from studio.rendering.deforum.checkpoint import State
from studio.rendering.deforum.painting import Painter
from studio.rendering.deforum.parameters import FrameParameters, row_from_record, static_settings
from studio.rendering.deforum.script import MostSteps, Script
from studio.rendering.deforum.seeds import SeedState
from studio.rendering.deforum.steering import replay
from studio.rendering.deforum.steering.history import History, Turn
from studio.rendering.deforum.steering.live import LiveState
from studio.rendering.deforum.steering.steering import Rewound, Steering, SteeringPort
from studio.rendering.diffusion.interface import Engine
from studio.rendering.errors import Cancelled, RenderError
from studio.rendering.frame_sink import FrameSink
from studio.rendering.pictures.arrays import Frames, Image
from studio.rendering.pictures.depth import DepthEstimator
from studio.rendering.pictures.geometry import padded_size
from studio.rendering.plan import RenderPlan

OnFrame = Callable[[int, Image, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Steered:
    """How an animation is steered; by default not at all."""

    port: SteeringPort | None = None
    history: Path | None = None
    """A folder for what going back takes; without it the animation can't."""
    most_steps: MostSteps | None = None
    on_length: Callable[[int], None] = lambda frames: None
    """Told the film's frames when they become more."""


def animate(
    plan: RenderPlan,
    engine: Engine,
    *,
    source: Iterable[Frames] | None,
    sink: FrameSink,
    state_dir: Path,
    should_stop: Callable[[], bool],
    depth: DepthEstimator | None = None,
    on_frame: OnFrame | None = None,
    assets: Mapping[str, Path] | None = None,
    mask_video: Iterable[Frames] | None = None,
    steered: Steered | None = None,
) -> None:
    """Render a Deforum plan's frames, 0 to ``plan.frames_to_render - 1``, into ``sink``.

    A checkpoint in ``state_dir`` is continued: the sink is cut to the frames the checkpoint knows and the rest is
    rendered exactly as if nothing had happened; a longer ``plan.frame_count`` extends the video. ``source`` and
    ``mask_video`` yield the videos' frames (n, height, width, 3) from their first one on, ``assets`` maps the file
    names used in the settings to local images, ``on_frame`` is told each frame's index, pixels and record once it is
    durable. A steered film may get more frames or fewer; to go back in it, ``source`` and ``mask_video`` must begin
    anew with each ``iter``. Raises PlanError, MediaError, Cancelled, Paused, what the engine raises and what the
    port does.
    """
    steered = steered or Steered()
    steering = Steering(steered.port, state_dir, should_stop)
    steering.repeat()
    rewound: Rewound | None = None
    while True:
        animation = _Animation(
            plan, engine, source, sink, state_dir, should_stop, depth, on_frame, assets or {}, mask_video, steered,
            steering, rewound.state.live if rewound else checkpoint.live_state(state_dir),
        )  # fmt: skip
        try:
            if rewound:
                animation.go_back(rewound)
            animation.run()
            return
        except Rewound as again:
            rewound = again


class _Animation:
    def __init__(
        self,
        plan: RenderPlan,
        engine: Engine,
        source: Iterable[Frames] | None,
        sink: FrameSink,
        state_dir: Path,
        should_stop: Callable[[], bool],
        depth: DepthEstimator | None,
        on_frame: OnFrame | None,
        assets: Mapping[str, Path],
        mask_video: Iterable[Frames] | None,
        steered: Steered,
        steering: Steering,
        live: LiveState | None,
    ) -> None:
        self._plan = plan
        self._sink = sink
        self._state_dir = state_dir
        self._should_stop = should_stop
        self._on_frame = on_frame
        self._steering = steering
        self._canvas = padded_size(plan.height, plan.width)
        self.script = Script(
            plan,
            extended=live.extended if live else 0,
            assets=assets,
            has_source=source is not None,
            has_mask_video=mask_video is not None,
            most_steps=steered.most_steps,
        )
        self._settings = self.script.settings
        self._state = self._recovered()
        self._painter = Painter(
            plan,
            self._settings,
            engine,
            source=source,
            mask_video=mask_video,
            depth=depth,
            assets=assets,
            colour_sample=self._state.colour_sample,
            should_stop=should_stop,
        )
        reopens = not any(isinstance(video, Iterator) for video in (source, mask_video))
        self._history = History(steered.history, self._canvas) if steered.history and reopens else None
        self._on_length = steered.on_length

    def run(self) -> None:
        if self._history:
            self._history.begin(self._state)
        independent = self._settings.animation_mode in ("Video Input", "Interpolation")
        render_next = self._independent_frames if independent else self._next_group
        while True:
            self._state = self._steering.listen(self._state, self)
            if self._state.emitted >= self.script.total or (self._state.live and self._state.live.stopped):
                break
            if self._should_stop():
                raise Cancelled
            render_next()
        if self._steering.waiting:
            self._state = self._steering.settle(self._state, self)

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
        state, painter = self._state, self._painter
        group, seeds, live = state.group, state.seeds, state.live
        if group is None or state.emitted >= group.stop:
            row = self._row(live and live.stepped(), state.emitted)
            seed = self._seed(row)
            group = painter.diffused(group.newer if group else None, row, seed, self.script.generations)
            seeds = self._advanced(seeds, row)
        stop = min(group.stop, self.script.total)
        images, records = [], []
        for frame in range(state.emitted, stop):
            live = live and live.stepped()
            row = self._row(live, frame)
            group = painter.advanced(group, row)
            images.append(painter.frame(group, row))
            records.append(row.record(seed=group.seed, diffused=frame == group.start))
        self._emit(images, records, replace(state, emitted=stop, group=group, seeds=seeds, live=live))

    def _independent_frames(self) -> None:
        """Render the frames that are due in a mode without motion: from the source's frames, or from text alone."""
        state, painter, seeds, live = self._state, self._painter, self._state.seeds, self._state.live
        start, stop = self._batch(state.emitted)
        row = self._row(live and live.stepped(), start)
        seed, inits = self._seed(row), painter.inits(row, stop)
        frames = painter.batch(row, seed, inits, stop - start, self.script.generations)
        limit = min(stop, self.script.total)
        images, records = [], []
        for frame in range(state.emitted, limit):
            live = live and live.stepped()
            row = self._row(live, frame)
            index = frame - start
            images.append(painter.overlaid(frames[index], row, None if inits is None else inits[index]))
            records.append(row.record(seed=seed, diffused=True))
            seeds = self._advanced(seeds, row)
        self._emit(images, records, replace(state, emitted=limit, seeds=seeds, live=live))

    def _batch(self, frame: int) -> tuple[int, int]:
        """The frames that are denoised together with ``frame``, the same wherever a render starts or stops."""
        size = self._plan.batch_size or 1
        masked = self._settings.use_mask or self._settings.use_mask_video
        apart = size == 1 or masked or self._settings.animation_mode != "Video Input"
        # Commands may set every frame apart.
        if apart or self.script.seed_behavior != "fixed" or self._state.live:
            return frame, frame + 1
        first = frame - frame % size
        last = min(first + size, len(self.script.rows))
        start, stop = frame, frame + 1
        while start > first and self._alike(start - 1, frame):
            start -= 1
        while stop < last and self._alike(stop, frame):
            stop += 1
        return start, stop

    def _alike(self, a: int, b: int) -> bool:
        def request(row: FrameParameters) -> tuple[object, ...]:
            generation, _ = self.script.generations.build(row, seed=0, init=None, source=None, denoising=1.0)
            return generation, row.denoising, row.units

        return request(self.script.rows[a]) == request(self.script.rows[b])

    def _row(self, live: LiveState | None, frame: int) -> FrameParameters:
        return self._steering.row(live, self.script.rows[frame], self)

    def _seed(self, row: FrameParameters) -> int:
        recorded = self._steering.seed(self._state.live, row.frame)
        if recorded is not None:
            return recorded
        return self._state.seeds.at(self._seed_setting[0], row["seed_schedule"], row.frame).seed

    def _advanced(self, seeds: SeedState, row: FrameParameters) -> SeedState:
        """The seeds once frame ``row`` is diffused."""
        recorded = self._steering.seed(self._state.live, row.frame)
        if recorded is not None:
            seeds = replace(seeds, seed=recorded)
        return seeds.advanced(*self._seed_setting)

    @property
    def _seed_setting(self) -> tuple[str, int]:
        """The seeds' behaviour, and how many frames have one."""
        live = self._state.live or LiveState()
        return live.seed_behavior or self.script.seed_behavior, live.seed_iter_N or self._settings.seed_iter_N

    def _emit(self, images: list[Image], records: list[dict[str, Any]], state: State) -> None:
        """Hand frames to the sink, then make the state that follows them durable."""
        first, begun_with = self._state.emitted, self._state.live
        frames = np.stack([image[: self._plan.height, : self._plan.width] for image in images])
        if first == 0:
            records[0]["settings"] = static_settings(self._settings)
        self._sink.append(frames, records)
        state = replace(state, colour_sample=self._painter.colour_sample)
        if self._history:
            self._history.add(first, state, begun_with)
        self._state = self._steering.settle(state, self)
        for index, (frame, record) in enumerate(zip(frames, records, strict=True), start=first):
            if self._on_frame:
                self._on_frame(index, frame, record)

    def save(self, state: State) -> None:
        checkpoint.save(state, self._state_dir)

    def lengthen(self, total: int) -> None:
        self.script.lengthen(total)
        self._on_length(total)

    def earliest(self, count: int) -> int | None:
        history = self._history
        if history is None or history.earliest is None:
            return self._state.emitted
        there = history.earliest == 1 if count == 0 else history.turn(count) is not None
        return None if there and self._sink.holds(count) else history.earliest

    def go_back(self, rewound: Rewound) -> None:
        """Make the state of an earlier frame this animation's, and drop the frames behind it."""
        count, live, history = rewound.count, rewound.state.live, self._history
        assert history is not None
        if rewound.records and live and live.replaying:
            start, end = rewound.records
            replay.keep(live.replaying, self._sink.recorded(start, end + 1), self._state_dir)
        state = State(self._canvas, 0, SeedState.start(self._plan.seed), live=live)
        if count:
            state = self._earlier(history, history.turn(count), count, live, rewound.restore)
        self._painter.colour_sample = state.colour_sample
        # The state first: a crash after it cuts the frames when they are taken up again.
        self._state = self._steering.settle(state, self)
        self._sink.truncate(count)
        history.cut(count)
        replay.drop_others(self._state.live, self._state_dir)

    def _earlier(self, history: History, turn: Turn | None, count: int, live: LiveState | None, restore: bool) -> State:
        """The state after ``count`` frames: the pictures of then, moved as they were."""
        if turn is None:
            raise RenderError("The render can't go back that far.", code="checkpoint_damaged")
        group = None
        if turn.start is not None:
            first = turn.start if turn.older is None else turn.older
            rows = {
                frame: row_from_record(record, self.script.rows[frame])
                for frame, record in enumerate(self._sink.recorded(first, count), start=first)
            }
            older = None if turn.older is None else (turn.older, history.image(turn.older))
            newer = history.image(turn.start)
            group = self._painter.regrouped(turn.start, turn.cadence, turn.seed, newer, older, rows)
        return State(
            self._canvas,
            count,
            turn.seeds,
            group,
            history.colour(turn.colour),
            turn.restored(live, count) if live and restore else live,
        )
