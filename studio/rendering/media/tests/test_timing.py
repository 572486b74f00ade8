"""How long pictures are shown: the last one too, in every container, and in the render as in the probe."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from studio.rendering.media.decode import FrameReader
from studio.rendering.media.probe import check_upload, probe
from studio.rendering.media.tests.clips import run_ffmpeg, write_numbered

FILES = Path(__file__).parent / "files"
LEVELS = (40, 120, 200)


def write_animation(path: Path, delays: list[int]) -> Path:
    pictures = [Image.new("RGB", (48, 32), (level,) * 3) for level in LEVELS[: len(delays)]]
    options = {"lossless": True} if path.suffix == ".webp" else {}
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=delays, loop=0, **options)
    return path


def write_slides(path: Path, seconds: list[float]) -> Path:
    """A video of variable rate whose last picture's duration stands in the container."""
    with closing(av.open(path, "w")) as output:
        stream = output.add_stream("libx264", rate=25, options={"bf": "0", "tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        at = 0
        for level, length in zip(LEVELS, seconds, strict=False):
            frame = av.VideoFrame.from_image(Image.new("RGB", (48, 32), (level,) * 3))
            frame.pts = at
            for packet in stream.encode(frame):
                packet.duration = round(length * 1000)
                output.mux(packet)
            at += round(length * 1000)
    return path


def shown(path: Path, fps: Fraction) -> list[int]:
    """How many frames each picture is shown for."""
    with FrameReader(path, width=48, height=32, fps=fps) as reader:
        nearest = [min(LEVELS, key=lambda level: abs(level - float(frame.mean()))) for frame in reader]
    return [nearest.count(level) for level in LEVELS if level in nearest]


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
@pytest.mark.parametrize(
    "delays",
    [[4000, 1000], [1000, 4000], [400, 100], [100, 100, 1000], [1000, 100, 100], [3000, 3000, 3000], [100, 100, 100]],
)
def test_animations(tmp_path: Path, suffix: str, delays: list[int]) -> None:
    info = check_upload(write_animation(tmp_path / f"a.{suffix}", delays), kind="attachment")
    assert (info.kind, info.frame_count) == ("animation", len(delays))
    assert info.duration == pytest.approx(sum(delays) / 1000)
    for fps in (Fraction(10), Fraction(20)):
        assert info.frames_at(fps) == sum(delays) * fps / 1000
        assert shown(tmp_path / f"a.{suffix}", fps) == [delay * fps / 1000 for delay in delays]
    assert info.fps
    assert len(shown(tmp_path / f"a.{suffix}", info.fps)) == len(delays), "no picture is lost at the file's own rate"


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_as_fast_as_you_can_means_what_players_make_of_it(tmp_path: Path, suffix: str) -> None:
    info = check_upload(write_animation(tmp_path / f"a.{suffix}", [0, 0, 0]), kind="attachment")
    assert info.fps == (15 if suffix == "png" else 10)
    assert shown(tmp_path / f"a.{suffix}", info.fps) == [1, 1, 1]


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
@pytest.mark.parametrize("seconds", [[4.0, 1.0], [1.0, 4.0], [0.5, 0.25, 2.0], [0.4, 0.1]])
def test_videos_of_variable_rate(tmp_path: Path, suffix: str, seconds: list[float]) -> None:
    path = write_slides(tmp_path / f"a.{suffix}", seconds)
    info = check_upload(path, kind="attachment")
    assert info.frame_count == len(seconds)
    assert info.duration == pytest.approx(sum(seconds), abs=0.002)
    assert shown(path, Fraction(20)) == [round(length * 20) for length in seconds]


def test_one_picture_that_is_held(tmp_path: Path) -> None:
    path = write_slides(tmp_path / "a.mp4", [5.0])
    info = check_upload(path, kind="attachment")
    assert info.duration == pytest.approx(5, abs=0.002)
    assert shown(path, Fraction(12)) == [60]


@pytest.mark.parametrize("name", ["comment_after_last_frame.gif", "comment_latin1.gif"])
def test_comments_are_no_pictures(name: str) -> None:
    info = check_upload(FILES / name, kind="attachment")
    assert (info.frame_count, info.duration, info.fps) == (2, pytest.approx(0.2), 10)
    with FrameReader(FILES / name, width=48, height=48, fps=Fraction(10)) as reader:
        assert len(reader) == 2
        first, second = (float(frame.mean()) for frame in reader)
    assert abs(first - second) > 20


def roughness(frame: np.ndarray) -> float:
    """Mean second difference from line to line: combs make it jump."""
    grey = frame.astype(float).mean(-1)
    return float(np.abs(grey[2:] - 2 * grey[1:-1] + grey[:-2]).mean())


def test_fields_are_joined_without_combs() -> None:
    path = FILES / "interlaced.mp4"
    info = check_upload(path, kind="attachment")
    assert (info.is_interlaced, info.frame_count, info.fps) == (True, 25, 25)
    with FrameReader(path, width=320, height=240, fps=Fraction(25)) as reader:
        combed = [roughness(frame) for frame in reader.read(99)]
    assert len(combed) == 25
    assert np.mean(combed) < 3.5


def test_frames_that_are_none_of_fields_stay_as_they_are(tmp_path: Path) -> None:
    options = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
    assert not probe(write_numbered(tmp_path / "clip.mp4", *options)).is_interlaced


def test_joined_fields_are_the_same_wherever_reading_starts(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    run_ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=50:duration=4", "-vf", "tinterlace=interleave_top"),
        *("-c:v", "libx264", "-flags", "+ildct+ilme", "-pix_fmt", "yuv420p", "-g", "25", path),
    )
    assert probe(path).is_interlaced

    def frames(start: int, count: int) -> np.ndarray:
        with FrameReader(path, width=320, height=240, fps=Fraction(25), start_frame=start, count=count) as reader:
            return reader.read(count)

    whole = frames(0, 100)
    assert len(whole) == 100
    for start in (1, 26, 60, 97):
        assert (frames(start, 3) == whole[start : start + 3]).all()
