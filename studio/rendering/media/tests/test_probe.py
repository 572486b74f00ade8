"""Every accepted format, made by ffmpeg or Pillow: what it is found to be, and how its frames come out."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.rendering.media.decode import FrameReader, output_size
from studio.rendering.media.probe import MediaInfo, check_upload, probe
from studio.rendering.media.tests.clips import HEIGHT, WIDTH, index_of, numbered, run_ffmpeg, write_numbered, write_tone

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
VIDEOS = {
    "clip.mp4": ("video/mp4", "h264", "aac", H264),
    "clip.mov": ("video/quicktime", "h264", "aac", H264),
    "clip.webm": ("video/webm", "vp9", "opus", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus")),
    "clip.ogg": ("video/ogg", "theora", "vorbis", ("-c:v", "libtheora", "-q:v", "9", "-c:a", "libvorbis")),
    "clip.mkv": ("video/x-matroska", "h264", "aac", (*H264, "-c:a", "aac")),
}


def read_all(path: Path, info: MediaInfo, **options: int) -> list[int]:
    with FrameReader(path, width=WIDTH, height=HEIGHT, fps=info.fps or Fraction(24), info=info, **options) as reader:
        return [index_of(frame) for frame in reader]


@pytest.mark.parametrize("name", VIDEOS)
def test_video_formats(tmp_path: Path, name: str) -> None:
    mime_type, video_codec, audio_codec, options = VIDEOS[name]
    path = write_numbered(tmp_path / name, *options, sound=True)
    info = check_upload(path, kind="video" if name.endswith("mkv") else "attachment")
    assert (info.kind, info.mime_type) == ("video", mime_type)
    assert (info.video_codec, info.audio_codec, info.has_audio) == (video_codec, audio_codec, True)
    assert (info.width, info.height, info.rotation) == (WIDTH, HEIGHT, 0)
    assert (info.fps, info.is_vfr, info.frame_count) == (24, False, 24)
    assert info.duration == pytest.approx(1, abs=0.002)
    assert read_all(path, info) == list(range(24))


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "clip.mp4", *H264)
    assert check_upload(path.rename(tmp_path / "notes.txt"), kind="attachment").mime_type == "video/mp4"


@pytest.mark.parametrize(("name", "options"), [("a.png", ()), ("a.jpg", ()), ("a.webp", ("-c:v", "libwebp"))])
def test_stills_last_as_long_as_asked(tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    path = write_numbered(tmp_path / name, "-vf", r"select=eq(n\,7)", "-frames:v", "1", *options)
    info = check_upload(path, kind="attachment")
    assert (info.kind, info.width, info.height, info.fps, info.frame_count) == ("image", WIDTH, HEIGHT, None, 1)
    assert info.frames_at(Fraction(24)) == 1
    assert read_all(path, info, count=5) == [7] * 5
    assert read_all(path, info, start_frame=100, count=2) == [7, 7]


def test_animated_webp(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.webp", "-c:v", "libwebp_anim", "-quality", "90", count=10, fps="10")
    info = check_upload(path, kind="attachment")
    assert (info.kind, info.width, info.height, info.frame_count) == ("animation", WIDTH, HEIGHT, 10)
    assert (info.fps, info.duration) == (10, 1.0)
    assert read_all(path, info) == list(range(10))


def test_gif_with_transparency_is_flattened_on_white(tmp_path: Path) -> None:
    frames = []
    for level in (40, 80, 120):
        pixels = np.full((HEIGHT, WIDTH, 4), (level, level, level, 255), np.uint8)
        pixels[:, : WIDTH // 2, 3] = 0
        frames.append(Image.fromarray(pixels))
    path = tmp_path / "a.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, disposal=2)
    info = check_upload(path, kind="attachment")
    assert (info.kind, info.has_alpha, info.fps, info.frame_count) == ("animation", True, 10, 3)
    with FrameReader(path, width=WIDTH, height=HEIGHT, fps=Fraction(10), info=info) as reader:
        frames_read = reader.read(3)
    assert (frames_read[:, :, : WIDTH // 2 - 2] == 255).all()
    assert [int(frame[10, -10, 0]) for frame in frames_read] == pytest.approx([40, 80, 120], abs=2)


def test_webm_with_transparency_is_flattened_on_white(tmp_path: Path) -> None:
    pixels = np.full((5, HEIGHT, WIDTH, 4), (90, 90, 90, 255), np.uint8)
    pixels[:, :, : WIDTH // 2, 3] = 0
    raw = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{WIDTH}x{HEIGHT}", "-r", "10", "-i", "pipe:0")
    vp9 = ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0", "-deadline", "realtime")
    path = tmp_path / "a.webm"
    run_ffmpeg(*raw, *vp9, path, stdin=pixels.tobytes())
    info = probe(path)
    assert info.has_alpha
    with FrameReader(path, width=WIDTH, height=HEIGHT, fps=Fraction(10), info=info) as reader:
        frame = reader.read(1)[0]
    assert frame[:, :8].min() > 245
    assert frame[10, -10].tolist() == pytest.approx([90] * 3, abs=6)


@pytest.mark.parametrize(("container", "duration"), [("mp4", 1.0), ("mkv", 1.0)])
def test_variable_rate_becomes_constant(tmp_path: Path, container: str, duration: float) -> None:
    dropped = r"select=not(between(n\,6\,9)+between(n\,15\,16))"
    path = write_numbered(tmp_path / f"vfr.{container}", "-vf", dropped, "-fps_mode", "vfr", *H264)
    info = probe(path)
    assert (info.is_vfr, info.frame_count, float(info.fps or 0)) == (True, 18, pytest.approx(24, abs=0.03))
    assert info.duration == pytest.approx(duration, abs=0.002)
    assert info.frames_at(Fraction(24)) == 24
    shown = [n if n not in (6, 7, 8, 9, 15, 16) else (5 if n < 10 else 14) for n in range(24)]
    with FrameReader(path, width=WIDTH, height=HEIGHT, fps=Fraction(24), info=info) as reader:
        assert [index_of(frame) for frame in reader] == shown


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_is_applied(tmp_path: Path, rotation: int) -> None:
    pixels = np.zeros((4, HEIGHT, WIDTH, 3), np.uint8)
    pixels[:, : HEIGHT // 2, : WIDTH // 2] = 250
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", "24", "-i", "pipe:0")
    run_ffmpeg(*raw, *H264, tmp_path / "plain.mp4", stdin=pixels.tobytes())
    path = tmp_path / "turned.mp4"
    run_ffmpeg("-display_rotation", str(rotation), "-i", tmp_path / "plain.mp4", "-c", "copy", path)
    info = probe(path)
    expected = np.rot90(pixels[0], rotation // 90)
    assert (info.rotation, info.height, info.width) == (rotation, *expected.shape[:2])
    with FrameReader(path, width=info.width, height=info.height, fps=Fraction(24), info=info) as reader:
        frame = reader.read(1)[0]
    assert np.abs(frame.astype(int) - expected).mean() < 8


def test_photo_orientation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[:, : WIDTH // 2] = 250
    Image.fromarray(pixels).save(tmp_path / "photo.jpg", exif=exif, quality=95)
    info = check_upload(tmp_path / "photo.jpg", kind="attachment")
    assert (info.width, info.height) == (HEIGHT, WIDTH)
    with FrameReader(tmp_path / "photo.jpg", width=HEIGHT, height=WIDTH, fps=Fraction(1), info=info) as reader:
        frame = reader.read(1)[0]
    assert frame[: WIDTH // 2 - 4].min() > 230
    assert frame[WIDTH // 2 + 4 :].max() < 20


def test_odd_size_and_sample_aspect(tmp_path: Path) -> None:
    odd = probe(write_numbered(tmp_path / "odd.mkv", "-c:v", "libx264", "-pix_fmt", "yuv444p", width=65, height=49))
    assert (odd.width, odd.height) == (65, 49)
    assert output_size(odd, max_pixels=10**6) == (64, 48)
    wide = probe(write_numbered(tmp_path / "wide.mp4", "-vf", "setsar=4/3", *H264))
    assert (wide.width, wide.height) == (round(WIDTH * 4 / 3), HEIGHT)


def test_ten_bit(tmp_path: Path) -> None:
    hevc = ("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none")
    path = write_numbered(tmp_path / "ten.mp4", *hevc, count=8)
    info = probe(path)
    assert (info.bit_depth, info.video_codec, info.frame_count) == (10, "hevc", 8)
    assert read_all(path, info) == list(range(8))


def test_one_frame_without_sound(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "one.mp4", *H264, count=1)
    info = check_upload(path, kind="attachment")
    assert (info.kind, info.frame_count, info.has_audio) == ("video", 1, False)
    assert read_all(path, info) == [0]


@pytest.mark.parametrize("rate", ["24", "30000/1001", "25", "25/2", "60"])
def test_rates_are_exact_rationals(tmp_path: Path, rate: str) -> None:
    for container in ("mp4", "mkv"):
        path = write_numbered(tmp_path / f"rate.{container}", *H264, count=20, fps=rate)
        info = probe(path)
        assert (info.fps, info.is_vfr, info.frame_count) == (Fraction(rate), False, 20)


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [("a.mp3", "audio/mpeg"), ("a.aac", "audio/aac"), ("a.wav", "audio/wav"), ("a.m4a", "audio/mp4")],
)
def test_soundtracks(tmp_path: Path, name: str, mime_type: str) -> None:
    info = check_upload(write_tone(tmp_path / name), kind="soundtrack")
    assert (info.kind, info.mime_type, info.has_audio) == ("audio", mime_type, True)
    # MP3 and AAC come in whole blocks, with a block or two of priming.
    assert info.duration == pytest.approx(1, abs=0.06)


def test_picture_that_starts_late_is_the_first_frame(tmp_path: Path) -> None:
    write_numbered(tmp_path / "clip.mp4", *H264)
    write_tone(tmp_path / "tone.wav", seconds=2)
    path = tmp_path / "late.mkv"
    run_ffmpeg("-itsoffset", "0.5", "-i", tmp_path / "clip.mp4", "-i", tmp_path / "tone.wav", "-c:v", "copy", path)
    info = probe(path)
    assert info.sound_offset == pytest.approx(0.5, abs=0.03)
    assert info.frame_count == 24
    assert read_all(path, info) == list(range(24))


@pytest.mark.parametrize(
    ("size", "max_pixels", "multiple", "expected"),
    [
        ((1920, 1080), 512 * 512, 2, (682, 384)),
        ((640, 360), 10**6, 2, (640, 360)),
        ((641, 361), 10**6, 2, (640, 360)),
        ((1080, 1920), 512 * 512, 8, (384, 680)),
        ((4000, 2), 1000, 2, (500, 2)),
        ((1, 1), 1000, 2, (2, 2)),
    ],
)
def test_output_size(size: tuple[int, int], max_pixels: int, multiple: int, expected: tuple[int, int]) -> None:
    info = MediaInfo("video", "mp4", "video/mp4", "mov", width=size[0], height=size[1])
    width, height = output_size(info, max_pixels=max_pixels, multiple=multiple)
    assert (width, height) == expected
    assert width * height <= max_pixels
    assert width % multiple == height % multiple == 0


def test_numbered_frames_tell_their_index() -> None:
    assert [index_of(frame) for frame in numbered(30)] == list(range(30))


def test_hdr_is_brought_to_standard_range(tmp_path: Path) -> None:
    """HLG codes 75 % grey for the white of a page: shown untouched it would be dull, after tone mapping it is brighter
    than mid-grey, and black stays black."""
    hlg = "hevc_metadata=colour_primaries=9:transfer_characteristics=18:matrix_coefficients=9"
    options = ("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none", "-bsf:v", hlg)
    path = write_numbered(tmp_path / "hlg.mp4", *options, count=25)
    info = probe(path)
    assert (info.is_hdr, info.bit_depth) == (True, 10)
    with FrameReader(path, width=WIDTH, height=HEIGHT, fps=Fraction(24), info=info) as reader:
        levels = [float(frame.mean()) for frame in reader]
    assert levels == sorted(levels)
    assert levels[0] < 4
    assert levels[24] > 160
