"""What is refused, with which code, before anything large is decoded or allocated."""

import resource
import struct
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from studio.rendering.errors import MediaError
from studio.rendering.media.probe import LIMITS, MediaLimits, Purpose, check_upload
from studio.rendering.media.tests.clips import cut, run_ffmpeg, write_numbered, write_tone

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def refusal(path: Path, kind: Purpose = "attachment", limits: MediaLimits | None = None) -> str:
    with pytest.raises(MediaError) as caught:
        check_upload(path, kind=kind, limits=limits)
    assert str(path.parent) not in caught.value.message
    return caught.value.code


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_limits_are_those_of_the_product() -> None:
    megabyte = 1024 * 1024
    found = {kind: limits.max_bytes for kind, limits in LIMITS.items()}
    assert found == {"attachment": 200 * megabyte, "soundtrack": 50 * megabyte, "video": 1024 * megabyte}


def test_empty_file(tmp_path: Path) -> None:
    assert refusal(write(tmp_path / "a.mp4", b"")) == "empty_file"


@pytest.mark.parametrize(
    "data",
    [Path(sys.executable).read_bytes()[:100_000], b"MZ" + bytes(4000), b"hello", b"\x00", b"%PDF-1.7\n" + bytes(99)],
    ids=["elf", "exe", "text", "byte", "pdf"],
)
def test_not_media(tmp_path: Path, data: bytes) -> None:
    assert refusal(write(tmp_path / "clip.mp4", data)) == "not_media"


def test_random_bytes_behind_a_signature(tmp_path: Path) -> None:
    clip = write_numbered(tmp_path / "clip.mp4", *H264).read_bytes()
    start = clip.index(b"mdat") + 4
    garbage = clip[:start] + b"\xab" * (len(clip) - start)
    moov = clip.index(b"moov") - 4
    garbage = garbage[:moov] + clip[moov:] if moov > start else garbage
    assert refusal(write(tmp_path / "bad.mp4", garbage)) == "not_media"


def test_known_but_unaccepted(tmp_path: Path) -> None:
    assert refusal(write_numbered(tmp_path / "a.avi", "-c:v", "mpeg4")) == "unsupported_type"
    assert refusal(write_numbered(tmp_path / "a.mkv", *H264)) == "unsupported_type"
    assert refusal(write_tone(tmp_path / "a.flac"), "soundtrack") == "unsupported_type"
    assert refusal(write_numbered(tmp_path / "a.gif"), "video") == "unsupported_type"
    assert refusal(write_numbered(tmp_path / "a.png", "-frames:v", "1"), "soundtrack") == "unsupported_type"


@pytest.mark.parametrize("brand", ["heic", "heis", "hevc", "mif2", "avif", "avis"])
def test_pictures_in_heif_boxes_are_named(tmp_path: Path, brand: str) -> None:
    start = b"\0\0\0\x18ftyp" + brand.encode() + b"\0\0\0\0mif1miaf" + b"\0\0\0\x10meta" + bytes(8)
    assert refusal(write(tmp_path / "photo.jpg", start)) == "unsupported_type"


def test_a_film_without_a_picture_that_is_shown(tmp_path: Path) -> None:
    whole = write_numbered(tmp_path / "a.mp4", *H264, "-bf", "2").read_bytes()
    at = whole.index(b"elst") + 16
    late = whole[:at] + b"\x7f\xff\xff\xff" + whole[at + 4 :]
    assert refusal(write(tmp_path / "late.mp4", late)) == "no_video_stream"
    at = whole.index(b"stsz") + 12
    with pytest.raises(MediaError, match="holds no pictures"):
        check_upload(write(tmp_path / "none.mp4", whole[:at] + bytes(4) + whole[at + 4 :]), kind="attachment")


@pytest.mark.parametrize(
    "text", ["#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "ffconcat version 1.0\nfile '/etc/passwd'\n"]
)
def test_playlists_never_open_other_files(tmp_path: Path, text: str) -> None:
    assert refusal(write(tmp_path / "clip.mp4", text.encode())) == "unsupported_type"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("index-last.mp4", H264),
        ("index-first.mp4", (*H264, "-movflags", "+faststart")),
        ("fragments.mp4", (*H264, "-movflags", "+frag_keyframe+empty_moov", "-g", "6")),
        ("clip.mov", H264),
        ("clip.webm", ("-c:v", "libvpx", "-deadline", "realtime")),
        ("clip.mkv", H264),
        ("clip.ogg", ("-c:v", "libtheora")),
        ("clip.gif", ()),
        ("still.gif", ("-frames:v", "1")),
        ("still.png", ("-frames:v", "1")),
        ("still.jpg", ("-frames:v", "1")),
        ("still.webp", ("-frames:v", "1", "-c:v", "libwebp")),
        ("clip.webp", ("-c:v", "libwebp_anim")),
    ],
)
def test_truncated(tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    whole = write_numbered(tmp_path / name, *options)
    kind: Purpose = "video" if name.endswith("mkv") else "attachment"
    check_upload(whole, kind=kind)
    assert refusal(cut(whole, tmp_path / f"cut-{name}"), kind) == "truncated"


def test_truncated_sound(tmp_path: Path) -> None:
    assert refusal(cut(write_tone(tmp_path / "a.wav"), tmp_path / "cut.wav"), "soundtrack") == "truncated"
    assert refusal(cut(write_tone(tmp_path / "a.m4a"), tmp_path / "cut.m4a"), "soundtrack") == "truncated"


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.truncate(LIMITS["attachment"].max_bytes + 1)
    assert refusal(path) == "too_large"
    assert refusal(path, "soundtrack") == "too_large"


def test_sound_where_a_picture_is_needed(tmp_path: Path) -> None:
    assert refusal(write_tone(tmp_path / "a.m4a")) == "no_video_stream"
    sound_only = write_tone(tmp_path / "a.webm", "-c:a", "libopus")
    assert refusal(sound_only, "video") == "no_video_stream"
    assert refusal(write_tone(tmp_path / "a.mp3")) == "unsupported_type"


def test_picture_where_sound_is_needed(tmp_path: Path) -> None:
    assert refusal(write_numbered(tmp_path / "silent.mp4", *H264), "soundtrack") == "no_audio_stream"
    assert refusal(write_numbered(tmp_path / "loud.mp4", *H264, sound=True), "soundtrack") == "unsupported_type"


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_decompression_bombs_are_not_decoded(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refusal(write(tmp_path / "bomb.png", png(60_000, 60_000))) == "too_many_pixels"

    gif = bytearray(write_numbered(tmp_path / "a.gif", count=2).read_bytes())
    gif[6:10] = struct.pack("<HH", 65_000, 65_000)
    assert refusal(write(tmp_path / "bomb.gif", bytes(gif))) == "too_many_pixels"

    webp = write_numbered(tmp_path / "a.webp", "-c:v", "libwebp_anim", count=2).read_bytes()
    at = webp.index(b"VP8X") + 12
    huge = webp[:at] + (16_000).to_bytes(3, "little") * 2 + webp[at + 6 :]
    assert refusal(write(tmp_path / "bomb.webp", huge)) == "too_many_pixels"

    jpeg = bytearray(write_numbered(tmp_path / "a.jpg", "-frames:v", "1").read_bytes())
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    assert refusal(write(tmp_path / "bomb.jpg", bytes(jpeg))) == "too_many_pixels"
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 100, f"{grown:.0f} MB"


def test_video_whose_stream_is_larger_than_its_container_says(tmp_path: Path) -> None:
    path = tmp_path / "huge.mkv"
    run_ffmpeg("-f", "lavfi", "-i", "color=s=8192x8192:r=1:d=1", *H264, path)
    assert refusal(path, "video") == "too_many_pixels"
    width = b"\xb0\x82\x20\x00"
    assert path.read_bytes().count(width) == 1
    lying = write(tmp_path / "lying.mkv", path.read_bytes().replace(width, b"\xb0\x82\x00\x40"))
    assert refusal(lying, "video") == "too_many_pixels"


def test_hours_and_too_many_frames(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "color=s=16x16:r=1:d=4000", "-g", "9999", *H264, path)
    assert refusal(path) == "too_long"
    patient = replace(LIMITS["attachment"], max_seconds=5000)
    check_upload(path, kind="attachment", limits=patient)
    assert refusal(path, limits=replace(patient, max_frames=3999)) == "too_many_frames"
    live = tmp_path / "live.webm"
    run_ffmpeg("-i", path, "-c:v", "libvpx", "-deadline", "realtime", "-frames:v", "50", "-live", "1", live)
    assert refusal(live, "video", replace(patient, max_frames=49)) == "too_many_frames"
    assert refusal(live, "video", replace(patient, max_seconds=40)) == "too_long"


def test_gif_of_many_frames(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.gif", count=24)
    assert refusal(path, limits=replace(LIMITS["attachment"], max_frames=23)) == "too_many_frames"
    assert refusal(path, limits=replace(LIMITS["attachment"], max_seconds=0.9)) == "too_long"
