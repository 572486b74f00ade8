"""Sound that is exactly as long as the picture, wherever it comes from."""

from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from studio.rendering.errors import MediaError, RenderError
from studio.rendering.media import ffmpeg
from studio.rendering.media.mux import mux, verify
from studio.rendering.media.tests.clips import HEIGHT, WIDTH, numbered, write_numbered, write_tone

RATE = 48_000
COUNT = 29


@pytest.fixture(params=["24", "30000/1001", "25/2"])
def fps(request: pytest.FixtureRequest) -> Fraction:
    return Fraction(request.param)


@pytest.fixture
def silent(tmp_path: Path, fps: Fraction) -> Path:
    raw = tmp_path / "frames.rgb"
    raw.write_bytes(numbered(COUNT).tobytes())
    path = tmp_path / "silent.mp4"
    ffmpeg.run(ffmpeg.encode_h264(ffmpeg.RawFrames(raw, WIDTH, HEIGHT, fps), path))
    return path


def heard(path: Path) -> tuple[float, float, float]:
    """First and last second that is not silent, and the length of the sound stream."""
    with closing(av.open(path)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.codec.canonical_name == "aac"
        assert (stream.codec_context.sample_rate, stream.codec_context.channels) == (RATE, 2)
        assert stream.duration
        assert stream.time_base
        length = float(stream.duration * stream.time_base)
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(stream)], axis=1)[0]
    loud = np.flatnonzero(np.abs(sound) > 0.02) / RATE
    return (float(loud[0]), float(loud[-1]), length) if len(loud) else (0, 0, length)


@pytest.mark.parametrize(
    ("seconds", "offset", "begins", "ends"),
    [
        (0.5, 0.0, 0.0, 0.5),
        (9.0, 0.0, 0.0, None),
        (9.0, 2.0, 0.0, None),
        (1.0, 0.6, 0.0, 0.4),
        (0.5, -0.25, 0.25, 0.75),
        (1.0, 5.0, 0.0, 0.0),
    ],
)
def test_padded_or_cut_to_the_picture(
    tmp_path: Path, silent: Path, fps: Fraction, seconds: float, offset: float, begins: float, ends: float | None
) -> None:
    tone = write_tone(tmp_path / "tone.wav", seconds=seconds)
    duration = COUNT / fps
    path = mux(silent, tone, tmp_path / "out.mp4", duration, offset=offset)
    verify(path, frames=COUNT, fps=fps)
    first, last, length = heard(path)
    assert length == pytest.approx(float(duration), abs=1 / RATE)
    assert first == pytest.approx(begins, abs=0.002)
    assert last == pytest.approx(float(duration) if ends is None else ends, abs=0.025)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("name", ["a.mp3", "a.aac", "a.m4a"])
def test_compressed_sound(tmp_path: Path, name: str) -> None:
    silent = write_numbered(tmp_path / "v.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    path = mux(silent, write_tone(tmp_path / name, seconds=2), tmp_path / "out.mp4", Fraction(1))
    assert heard(path) == pytest.approx((0, 1, 1), abs=0.07)


def test_the_sound_of_a_video(tmp_path: Path, silent: Path, fps: Fraction) -> None:
    options = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
    source = write_numbered(tmp_path / "source.mov", *options, count=20, fps="10", sound=True)
    path = mux(silent, source, tmp_path / "out.mp4", COUNT / fps, offset=1.5)
    first, last, _ = heard(path)
    assert (first, last) == pytest.approx((0, 0.5), abs=0.04)


def test_without_sound_the_picture_is_copied(tmp_path: Path, silent: Path, fps: Fraction) -> None:
    path = mux(silent, None, tmp_path / "out.mp4", COUNT / fps)
    verify(path, frames=COUNT, fps=fps)
    with closing(av.open(path)) as container, closing(av.open(silent)) as original:
        assert not container.streams.audio
        packets = [[bytes(p) for p in c.demux(video=0)] for c in (container, original)]
    assert packets[0] == packets[1]


def test_a_file_without_sound_is_refused(tmp_path: Path) -> None:
    silent = write_numbered(tmp_path / "v.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    with pytest.raises(MediaError) as caught:
        mux(silent, silent, tmp_path / "out.mp4", Fraction(1))
    assert caught.value.code == "no_audio_stream"
    assert not (tmp_path / "out.mp4").exists()


def test_verification_notices(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "v.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    verify(path, frames=24, fps=Fraction(24))
    for frames, fps in ((23, 24), (25, 24), (24, 25)):
        with pytest.raises(RenderError):
            verify(path, frames=frames, fps=Fraction(fps))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 900])
    with pytest.raises(RenderError):
        verify(path, frames=24, fps=Fraction(24))
