"""The stream from source to sink: what it calls, what it keeps, and that stopping leaves no trace in the frames."""

import dataclasses
import itertools
import threading
from fractions import Fraction

import numpy as np
import pytest

from studio.rendering.errors import Cancelled, MediaError, PlanError
from studio.rendering.media.sink import FrameSink
from studio.rendering.models import tiny
from studio.rendering.models.cache import build_engine, default_device
from studio.rendering.plan import ControlNetSpec, DeforumParams, ModelSpec, RenderPlan, Vid2VidParams
from studio.rendering.vid2vid.pipeline import restyle
from studio.rendering.vid2vid.state import RenderState
from studio.rendering.vid2vid.stream import batches, prefetch
from studio.rendering.vid2vid.tests.clips import moving

WIDTH, HEIGHT = 62, 50
"""Even, as videos must be, and no multiples of 8."""


def plan(frames: int = 11, **changes) -> RenderPlan:
    params = Vid2VidParams("a wolf", **changes.pop("params", {}))
    model = ModelSpec("sd15", "", steps=4)
    return RenderPlan("vid2vid", model, WIDTH, HEIGHT, "24", frames, 5, params, **{"batch_size": 4, **changes})


@pytest.fixture(scope="module")
def source():
    return np.ascontiguousarray(moving(12, size=64)[:, :HEIGHT, :WIDTH])


@pytest.fixture
def run(sd15_engine, source, tmp_path):
    """Render into a named work folder, as a worker does: opening the sink anew each time. Returns all raw frames so
    far.
    """

    def render(plan, name="job", *, engine=sd15_engine, frames=source, should_stop=lambda: False, **kwargs):
        folder = tmp_path / name
        with Recorder(folder) as sink:
            restyle(plan, engine, source=iter(frames), sink=sink, state_dir=folder, should_stop=should_stop, **kwargs)
        return sink

    return render


class Recorder(FrameSink):
    """The real sink, which also says what its table and spool hold."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        super().__init__(folder, width=WIDTH, height=HEIGHT, fps=Fraction(24), segment_frames=48)

    @property
    def digests(self):
        return [record["sha256"] for record in self.records()]


class StopAfter:
    """Says stop from the ``steps``-th question on."""

    def __init__(self, steps):
        self.left = steps

    def __call__(self):
        self.left -= 1
        return self.left < 0


def test_every_frame_is_rendered_once_in_batches(run, sd15_engine):
    text, unet, sizes = [], [], []
    hooks = [
        sd15_engine.parts.text_encoders[0].register_forward_hook(lambda *_: text.append(1)),
        sd15_engine.parts.unet.register_forward_hook(lambda *_: unet.append(1)),
        sd15_engine.parts.vae.encoder.register_forward_pre_hook(lambda _, args: sizes.append(len(args[0]))),
    ]
    progress = []
    sink = run(
        plan(),
        on_batch=lambda done, frames, records: progress.append((done, frames.shape, threading.current_thread())),
    )
    for hook in hooks:
        hook.remove()
    assert sizes == [4, 4, 3]
    assert len(unet) == 3 * 2
    assert len(text) <= 2
    assert sink.frames_done == 11
    assert [p[0] for p in progress] == [4, 8, 11]
    assert progress[-1][1] == (3, HEIGHT, WIDTH, 3)
    assert {p[2] for p in progress} == {threading.main_thread()}


def test_records_tell_what_was_done(run):
    records = list(run(plan(params={"start_frame": 7})).records())
    assert [record["frame"] for record in records] == list(range(11))
    assert [record["source_frame"] for record in records] == list(range(7, 18))
    assert {(r["seed"], r["steps"], r["denoising"], r["prompt"]) for r in records} == {(5, 4, 0.5, "a wolf")}


@pytest.mark.parametrize("params", [{}, {"smoothing": 0.0, "stabilise_colour": False}, {"cross_frame_attention": True}])
@pytest.mark.parametrize("steps", [3, 6])
def test_a_killed_render_goes_on_as_if_nothing_had_happened(run, params, steps):
    undisturbed = run(plan(params=params), "undisturbed")
    with pytest.raises(Cancelled):
        run(plan(params=params), "killed", should_stop=StopAfter(steps))
    assert run(plan(params=params), "killed").digests == undisturbed.digests


def test_frames_stored_without_their_state_are_rendered_again(run, sd15_engine, source, tmp_path):
    undisturbed = run(plan(), "undisturbed")
    with pytest.raises(Cancelled):
        run(plan(), "killed", should_stop=StopAfter(8))
    with Recorder(tmp_path / "killed") as sink:
        assert sink.frames_done == 8
        sink.truncate(6)
    assert run(plan(), "killed").digests == undisturbed.digests


def test_what_a_batch_leaves_behind_is_stored_before_its_frames(sd15_engine, source, tmp_path):
    class Crash(Exception):
        pass

    class PowerCut(Recorder):
        """Ends the process' work in the middle of storing: the frames are there, and nothing after them happens."""

        def append(self, frames, records):
            super().append(frames, records)
            if self.frames_done == 8:
                raise Crash

    with PowerCut(tmp_path / "cut") as sink, pytest.raises(Crash):
        restyle(
            plan(),
            sd15_engine,
            source=iter(source),
            sink=sink,
            state_dir=tmp_path / "cut",
            should_stop=lambda: False,
        )
    # Going on at the frames' end loses none of them.
    assert RenderState.load(tmp_path / "cut", 4).position(8) == 8


def test_the_final_continues_its_preview(run):
    preview = run(plan(frame_limit=3)).digests
    assert len(preview) == 3
    final = run(plan())
    assert final.digests[:3] == preview
    assert final.frames_done == 11
    with pytest.raises(Cancelled):
        run(plan(frame_limit=3), "other", should_stop=StopAfter(0))
    run(plan(frame_limit=3), "other")
    with pytest.raises(Cancelled):
        run(plan(), "other", should_stop=StopAfter(5))
    assert run(plan(), "other").digests == final.digests


def test_the_batch_size_of_the_first_attempt_is_kept(run):
    undisturbed = run(plan(), "undisturbed")
    with pytest.raises(Cancelled):
        run(plan(), "killed", should_stop=StopAfter(4))
    assert run(plan(batch_size=None), "killed").digests == undisturbed.digests


def test_a_finished_render_does_nothing(run, sd15_engine):
    done = run(plan())
    asked = []
    assert run(plan(), should_stop=lambda: asked.append(1)).digests == done.digests
    assert asked == []


def test_chunks_or_single_frames_are_the_same(run, source):
    single = run(plan(), "single", frames=source)
    chunked = run(plan(), "chunked", frames=[source[:5], source[5:6], source[6:]])
    assert chunked.digests == single.digests


def test_cancelling_is_seen_within_a_step(run, sd15_engine):
    steps = []
    hook = sd15_engine.parts.unet.register_forward_hook(lambda *_: steps.append(1))
    with pytest.raises(Cancelled):
        run(plan(), should_stop=lambda: len(steps) == 3)
    hook.remove()
    assert len(steps) == 3


def test_a_short_source_says_so(run, source):
    with pytest.raises(MediaError, match="only 9 of the 11 frames"):
        run(plan(), frames=source[:9])


def test_a_failing_source_stops_the_render(run, source):
    def broken():
        yield from source[:5]
        raise MediaError("The file is damaged.")

    with pytest.raises(MediaError, match="damaged"):
        run(plan(), frames=broken())
    with pytest.raises(ValueError, match="expected frames of 62x50"):
        run(plan(), "other", frames=source[:, :40])


def test_a_failing_sink_stops_the_render(sd15_engine, source, tmp_path):
    asked = []
    with FrameSink(tmp_path, width=32, height=32, fps=Fraction(24)) as sink, pytest.raises(ValueError, match="32x32"):
        restyle(
            plan(batch_size=1),
            sd15_engine,
            source=iter(source),
            sink=sink,
            state_dir=tmp_path,
            should_stop=lambda: bool(asked.append(1)),
        )
    assert sink.frames_done == 0
    assert len(asked) < 11 * 3


def test_another_workflow_is_refused(run):
    with pytest.raises(PlanError, match="not a vid2vid plan"):
        run(dataclasses.replace(plan(), params=DeforumParams({})))


def test_controlnets_see_the_source(run, tmp_path):
    unit = ControlNetSpec("canny", str(tiny.build_controlnet(tmp_path / "control")))
    assert run(plan(4, params={"controlnets": (unit,)}), "with").digests != run(plan(4), "without").digests


def test_animatediff_windows_overlap_and_survive_a_kill(run, tmp_path):
    spec = ModelSpec("animatediff", str(tiny.build_animatediff(tmp_path / "model")), steps=4)
    engine = build_engine(spec, default_device())
    undisturbed = run(plan(), "undisturbed", engine=engine)
    assert run(plan(12, batch_size=100), "long", engine=engine).frames_done == 12
    with pytest.raises(Cancelled):
        run(plan(), "killed", engine=engine, should_stop=StopAfter(5))
    assert run(plan(), "killed", engine=engine).digests == undisturbed.digests


class TestStream:
    def test_memory_holds_a_few_batches_however_long_the_source(self):
        read = []

        def endless():
            for i in itertools.count():
                read.append(i)
                yield np.full((2, 2, 3), i % 256, np.uint8)

        clips = batches(endless(), first=0, total=1000, size=4)
        with prefetch(clips, 2) as ahead:
            for done, clip in enumerate(ahead, 1):
                assert len(clip.frames) == 4
                assert len(read) <= 4 * (done + 3)
        assert done == 250

    def test_a_batch_knows_what_came_before(self):
        source = [np.full((2, 2, 3), i, np.uint8) for i in range(10)]
        clips = list(batches(iter(source), first=3, total=10, size=4, context=2))
        assert [clip.start for clip in clips] == [3, 7]
        assert [clip.previous[0, 0, 0] for clip in clips] == [2, 6]
        assert [clip.context[:, 0, 0, 0].tolist() for clip in clips] == [[1, 2], [5, 6]]
        assert {int(clip.anchor[0, 0, 0, 0]) for clip in clips} == {0}

    def test_leaving_early_stops_the_reader(self):
        closed = threading.Event()

        def source():
            try:
                yield from itertools.count()
            finally:
                closed.set()

        items = source()
        with prefetch(items, 3) as ahead:
            assert next(ahead) == 0
        items.close()
        assert closed.is_set()
