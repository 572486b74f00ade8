"""Reading frames: exact positions, exact counts, a stream that can be left at any time, failures that are told."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from studio.rendering.errors import MediaError
from studio.rendering.media import ffmpeg
from studio.rendering.media.decode import FrameReader
from studio.rendering.media.probe import probe
from studio.rendering.media.tests.clips import HEIGHT, WIDTH, index_of, run_ffmpeg, write_numbered, write_tone

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def frames(path: Path, fps: str = "24", **options: int) -> np.ndarray:
    with FrameReader(path, width=WIDTH, height=HEIGHT, fps=Fraction(fps), **options) as reader:
        return reader.read(len(reader))


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("rate", ["60", "30", "30000/1001", "24", "25/2"])
def test_seeking_gives_the_frames_of_reading_through(tmp_path: Path, container: str, rate: str) -> None:
    path = tmp_path / f"long.{container}"
    moving = ("-f", "lavfi", "-i", f"testsrc2=s={WIDTH}x{HEIGHT}:r=60:d=6")
    run_ffmpeg(*moving, "-c:v", "libx264", "-g", "90", "-bf", "3", "-pix_fmt", "yuv420p", path)
    through = frames(path, rate)
    assert len(through) == round(6 * Fraction(rate))
    for share in (0.05, 0.31, 0.62, 0.97):
        start = int(len(through) * share)
        assert np.array_equal(frames(path, rate, start_frame=start, count=3), through[start : start + 3])


def test_lower_and_higher_rates_pick_the_nearest_frame(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "clip.mp4", *H264, count=24)
    assert [index_of(frame) for frame in frames(path, "12")] == list(range(0, 24, 2))
    assert [index_of(frame) for frame in frames(path, "48")] == [n // 2 for n in range(48)]


def test_the_last_frame_is_held_and_counts_are_kept(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "clip.mp4", *H264, count=5)
    assert [index_of(frame) for frame in frames(path, count=9)] == [0, 1, 2, 3, 4, 4, 4, 4, 4]
    assert [index_of(frame) for frame in frames(path, start_frame=3)] == [3, 4]
    assert [index_of(frame) for frame in frames(path, start_frame=9, count=1)] == [4]
    assert frames(path, count=0).shape == (0, HEIGHT, WIDTH, 3)


def test_chunks_and_single_frames_mix(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "clip.mp4", *H264, count=10)
    with FrameReader(path, width=WIDTH, height=HEIGHT, fps=Fraction(24)) as reader:
        assert [index_of(frame) for frame in reader.read(3)] == [0, 1, 2]
        assert (reader.position, len(reader)) == (3, 7)
        assert index_of(next(iter(reader))) == 3
        assert [index_of(frame) for frame in reader.read(99)] == [4, 5, 6, 7, 8, 9]
        assert list(reader) == []


def test_leaving_early_ends_ffmpeg(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    run_ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={WIDTH}x{HEIGHT}:r=25:d=60", *H264, path)
    with FrameReader(path, width=640, height=480, fps=Fraction(25)) as reader:
        reader.read(1)
        process = reader._process
        assert process
        assert process.running
    assert not process.running
    reader.close()


def test_damage_is_told_and_the_cause_is_for_the_log(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "clip.mp4", *H264)
    info = probe(path)
    path.write_bytes(b"gone")
    with (
        FrameReader(path, width=WIDTH, height=HEIGHT, fps=Fraction(24), info=info) as reader,
        pytest.raises(MediaError) as caught,
    ):
        reader.read(1)
    assert caught.value.code == "truncated"
    assert str(tmp_path) not in caught.value.message
    cause = caught.value.__cause__
    assert isinstance(cause, ffmpeg.FfmpegError)
    assert "Invalid data" in cause.log


def test_sound_has_no_frames(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        FrameReader(write_tone(tmp_path / "a.mp3"), width=WIDTH, height=HEIGHT, fps=Fraction(24))
    assert caught.value.code == "no_video_stream"


def test_names_are_never_options_or_protocols(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_numbered(tmp_path / "clip.mp4", *H264, count=2)
    monkeypatch.chdir(tmp_path)
    for name in ("-i.mp4", "http:x.mp4", "a b%03d;$(touch x).mp4", "pipe:0"):
        odd = clip.rename(tmp_path / name)
        assert [index_of(frame) for frame in frames(Path(name))] == [0, 1]
        clip = odd
    assert not (tmp_path / "x").exists()


def test_colours_survive(tmp_path: Path) -> None:
    """BT.709 and BT.601 files of the same picture give the same RGB."""
    colour = np.broadcast_to(np.array([200, 60, 30], np.uint8), (2, 720, 1280, 3))
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "1280x720", "-r", "2", "-i", "pipe:0")
    tags = {
        "bt709": ("-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709"),
        "smpte170m": ("-vf", "scale=out_color_matrix=smpte170m", "-colorspace", "smpte170m"),
        "untagged-hd": ("-vf", "scale=out_color_matrix=bt709", "-colorspace", "unknown"),
    }
    for name, options in tags.items():
        path = tmp_path / f"{name}.mp4"
        run_ffmpeg(*raw, *options, *H264, "-crf", "4", path, stdin=colour.tobytes())
        with FrameReader(path, width=64, height=36, fps=Fraction(2)) as reader:
            assert reader.read(1)[0, 18, 32].tolist() == pytest.approx([200, 60, 30], abs=4), name


_MEMORY = """
import resource, sys
from fractions import Fraction
from pathlib import Path
from studio.rendering.media.decode import FrameReader
from studio.rendering.media.sink import FrameSink

source, folder, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
with (
    FrameReader(source, width=192, height=144, fps=Fraction(25), count=count) as reader,
    FrameSink(folder, width=192, height=144, fps=Fraction(25)) as sink,
):
    while len(reader):
        frames = reader.read(8)
        sink.append(frames, [{}] * len(frames))
    sink.finish()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_and_disk_do_not_grow_with_length(tmp_path: Path) -> None:
    still = write_numbered(tmp_path / "still.png", "-frames:v", "1")
    peaks = []
    for count in (100, 800):
        folder = tmp_path / str(count)
        command = [sys.executable, "-c", _MEMORY, str(still), str(folder), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] <= 1.05 * peaks[0]
    raw = sum(path.stat().st_size for path in (folder / "spools").iterdir())
    assert raw <= 3 * 48 * 192 * 144 * 3
