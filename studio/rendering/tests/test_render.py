"""A whole render through the one entry point: the same bytes whatever happened on the way."""

import hashlib
import json
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from studio.rendering.errors import Cancelled, MediaError, PlanError, RenderError
from studio.rendering.media.probe import probe
from studio.rendering.plan import RenderPlan
from studio.rendering.ports import Progress, RenderInputs, RenderResult
from studio.rendering.render import render
from studio.rendering.tests.conftest import Port


def digests(result: RenderResult) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in (result.video, result.frame_table, result.still)]


@pytest.fixture(scope="module")
def straight(vid2vid: RenderPlan, inputs: RenderInputs, tmp_path_factory: pytest.TempPathFactory) -> RenderResult:
    return render(vid2vid, inputs, Port(tmp_path_factory.mktemp("straight")))


@pytest.fixture(scope="module")
def animation(deforum: RenderPlan, soundtrack: Path, tmp_path_factory: pytest.TempPathFactory) -> RenderResult:
    return render(deforum, RenderInputs(soundtrack=soundtrack), Port(tmp_path_factory.mktemp("animation")))


def test_the_result_is_complete(straight: RenderResult, vid2vid: RenderPlan) -> None:
    video = probe(straight.video)
    assert (video.width, video.height, video.fps, video.frame_count) == (44, 36, 24, 10)
    assert (video.video_codec, video.audio_codec) == ("h264", "aac")
    assert (straight.frames, straight.width, straight.height) == (10, 44, 36)
    pictures = {
        name: probe(getattr(straight, name)) for name in ("still", "animation", "poster", "thumbnail", "sprite")
    }
    assert [info.mime_type for info in pictures.values()] == [
        "image/png",
        "image/webp",
        "image/jpeg",
        "image/jpeg",
        "image/jpeg",
    ]
    records = [json.loads(line) for line in straight.frame_table.read_text().splitlines()]
    assert [record["frame"] for record in records] == list(range(10))
    assert [record["source_frame"] for record in records] == list(range(6, 16))
    with Image.open(straight.still) as still:
        first = np.asarray(still.convert("RGB"))
    assert first.shape == (36, 44, 3)
    assert hashlib.sha256(first.tobytes()).hexdigest() == records[0]["sha256"]


def test_progress_is_told(vid2vid: RenderPlan, inputs: RenderInputs, tmp_path: Path) -> None:
    port = Port(tmp_path)
    render(replace(vid2vid, frame_limit=5), inputs, port)
    assert [progress.stage for progress in port.heard] == [
        "loading",
        "rendering",
        "rendering",
        "rendering",
        "finishing",
    ]
    assert [progress.frames_done for progress in port.heard] == [0, 0, 4, 5, 5]
    assert {progress.frames_total for progress in port.heard} == {5}
    previews = [progress.preview_jpeg for progress in port.heard if progress.preview_jpeg]
    assert previews
    assert previews[0].startswith(b"\xff\xd8\xff")


def test_a_preview_is_finished_without_a_seam(
    vid2vid: RenderPlan, inputs: RenderInputs, straight: RenderResult, tmp_path: Path
) -> None:
    preview = render(replace(vid2vid, frame_limit=4), inputs, Port(tmp_path / "preview"))
    assert probe(preview.video).frame_count == 4
    final = render(vid2vid, replace(inputs, checkpoint=preview.checkpoint), Port(tmp_path / "final"))
    assert digests(final) == digests(straight)


def test_a_cancelled_render_goes_on(
    vid2vid: RenderPlan, inputs: RenderInputs, straight: RenderResult, tmp_path: Path
) -> None:
    port = Port(tmp_path, stop=lambda progress: progress.frames_done >= 4)
    with pytest.raises(Cancelled):
        render(vid2vid, inputs, port)
    again = Port(tmp_path)
    assert digests(render(vid2vid, inputs, again)) == digests(straight)
    assert again.heard[0].frames_done >= 4
    # A finished folder only writes its result anew.
    repeated = Port(tmp_path)
    assert digests(render(vid2vid, inputs, repeated)) == digests(straight)
    assert [progress.stage for progress in repeated.heard] == ["loading", "finishing"]


def test_source_sound_starts_at_the_trim_point(straight: RenderResult, inputs: RenderInputs) -> None:
    def sound(path: Path) -> np.ndarray:
        with closing(av.open(path)) as container:
            return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)[0]

    assert inputs.source
    whole, part = sound(inputs.source), sound(straight.video)
    begin, length = round(6 / 24 * 48_000), round(10 / 24 * 48_000)
    expected, heard = whole[begin : begin + length], part[:length]
    # Two generations of AAC: alike, not equal.
    assert np.corrcoef(expected, heard)[0, 1] > 0.9
    with closing(av.open(straight.video)) as container:
        stream = container.streams.audio[0]
        assert stream.duration
        assert stream.time_base
        assert float(stream.duration * stream.time_base) == pytest.approx(10 / 24, abs=1 / 48_000)


def test_silence_is_kept_when_asked(vid2vid: RenderPlan, inputs: RenderInputs, tmp_path: Path) -> None:
    plan = replace(vid2vid, keep_source_audio=False, frame_limit=1)
    assert not probe(render(plan, inputs, Port(tmp_path)).video).has_audio


def test_animation(animation: RenderResult) -> None:
    video = probe(animation.video)
    assert (video.width, video.height, video.fps, video.frame_count, video.has_audio) == (44, 36, 12, 8, True)


def test_an_animation_is_resumed_and_finished_without_a_seam(
    deforum: RenderPlan, soundtrack: Path, animation: RenderResult, tmp_path: Path
) -> None:
    inputs = RenderInputs(soundtrack=soundtrack)
    preview = render(replace(deforum, frame_limit=5), inputs, Port(tmp_path / "preview"))
    final = render(deforum, replace(inputs, checkpoint=preview.checkpoint), Port(tmp_path / "final"))
    assert digests(final) == digests(animation)
    port = Port(tmp_path / "stopped", stop=lambda progress: progress.frames_done >= 4)
    with pytest.raises(Cancelled):
        render(deforum, inputs, port)
    assert digests(render(deforum, inputs, Port(tmp_path / "stopped"))) == digests(animation)


def test_an_animation_is_extended(deforum: RenderPlan, animation: RenderResult, tmp_path: Path) -> None:
    longer = render(replace(deforum, frame_count=11), RenderInputs(checkpoint=animation.checkpoint), Port(tmp_path))
    assert (longer.frames, probe(longer.video).frame_count) == (11, 11)
    before = animation.frame_table.read_text().splitlines()
    assert longer.frame_table.read_text().splitlines()[:8] == before
    with pytest.raises(PlanError) as caught:
        render(replace(deforum, frame_count=7), RenderInputs(checkpoint=animation.checkpoint), Port(tmp_path / "short"))
    assert caught.value.field == "frame_count"


def test_a_checkpoint_of_another_size_is_refused(deforum: RenderPlan, animation: RenderResult, tmp_path: Path) -> None:
    with pytest.raises(RenderError) as caught:
        render(replace(deforum, width=48), RenderInputs(checkpoint=animation.checkpoint), Port(tmp_path))
    assert caught.value.code == "checkpoint_mismatch"


def test_without_a_source_there_is_nothing_to_restyle(vid2vid: RenderPlan, soundtrack: Path, tmp_path: Path) -> None:
    for source in (None, soundtrack):
        with pytest.raises(MediaError):
            render(vid2vid, RenderInputs(source=source), Port(tmp_path))


def test_what_the_port_raises_is_the_callers_matter(vid2vid: RenderPlan, inputs: RenderInputs, tmp_path: Path) -> None:
    class LostDatabase(Exception):
        pass

    class Failing(Port):
        def progress(self, progress: Progress) -> None:
            super().progress(progress)
            if progress.frames_done:
                raise LostDatabase

    with pytest.raises(LostDatabase):
        render(vid2vid, inputs, Failing(tmp_path))


def test_an_unexpected_error_is_told_without_internals(
    vid2vid: RenderPlan, inputs: RenderInputs, tmp_path: Path
) -> None:
    # What nobody foresaw: a plan whose rate is none.
    with pytest.raises(RenderError) as caught:
        render(replace(vid2vid, fps=str(tmp_path)), inputs, Port(tmp_path))
    assert caught.value.code == "internal_error"
    assert str(tmp_path) not in caught.value.message
    assert caught.value.__cause__ is not None


def test_an_error_of_the_disk_is_the_callers_matter(vid2vid: RenderPlan, inputs: RenderInputs, tmp_path: Path) -> None:
    port = Port(tmp_path)
    (tmp_path / "frames").write_text("a file where a folder should be")
    with pytest.raises(NotADirectoryError):
        render(vid2vid, inputs, port)


def test_rates_that_are_no_integers(vid2vid: RenderPlan, inputs: RenderInputs, tmp_path: Path) -> None:
    plan = replace(vid2vid, fps="30000/1001", frame_count=2, batch_size=2)
    assert probe(render(plan, inputs, Port(tmp_path)).video).fps == Fraction(30000, 1001)
