"""Stills are one picture, the primary one, turned and flattened, however large and whatever else the file holds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from studio.rendering.errors import MediaError
from studio.rendering.media.decode import FrameReader
from studio.rendering.media.probe import MediaLimits, check_upload, probe
from studio.rendering.media.tests import bombs

FILES = Path(__file__).parent / "files"
UPRIGHT = np.zeros((40, 60, 3), np.uint8)
UPRIGHT[:20, :30] = 220, 40, 40
UPRIGHT[:20, 30:] = 40, 220, 40
UPRIGHT[20:, :30] = 40, 40, 220
TURNS = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
"""Pillow's transposition that an EXIF orientation undoes, so the other way round for writing."""


def frames(path: Path, *, fps: Fraction = Fraction(24), start: int = 0, count: int = 2) -> NDArray[np.uint8]:
    info = probe(path)
    with FrameReader(path, width=info.width, height=info.height, fps=fps, start_frame=start, count=count) as reader:
        return reader.read(count)


@pytest.mark.parametrize("name", ["jpeg_with_gain_map.jpg", "two_pictures.mpo.jpg"])
@pytest.mark.parametrize("fps", [Fraction(1), Fraction(24), Fraction(30000, 1001), Fraction(60)])
def test_a_second_picture_in_a_jpeg_is_never_shown(name: str, fps: Fraction) -> None:
    path = FILES / name
    with Image.open(path) as image:
        primary = np.asarray(image.convert("RGB")).astype(int)
    info = check_upload(path, kind="attachment")
    assert (info.kind, info.frame_count, info.width, info.height) == ("image", 1, 320, 240)
    for start in (0, 1, 7, 500):
        for frame in frames(path, fps=fps, start=start, count=3):
            assert np.abs(frame - primary).mean() < 1


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_exif_orientation_is_honoured_once(tmp_path: Path, orientation: int, suffix: str) -> None:
    image = Image.fromarray(UPRIGHT)
    undo = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    turn = undo.get(orientation, None if orientation == 1 else Image.Transpose(TURNS[orientation]))
    stored = image if turn is None else image.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"photo.{suffix}"
    stored.save(path, exif=exif, quality=95)
    info = check_upload(path, kind="attachment")
    assert (info.width, info.height) == (60, 40)
    assert np.abs(frames(path)[1].astype(int) - UPRIGHT).mean() < 12


@pytest.mark.parametrize("megapixels", [12, 50, 100])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_photos_are_scaled_on_decoding(tmp_path: Path, megapixels: int, mode: str) -> None:
    width = 1000 * round((megapixels * 4 / 3) ** 0.5)
    height = megapixels * 1_000_000 // width
    path = tmp_path / "photo.jpg"
    gradient = Image.linear_gradient("L").resize((width, height))
    (gradient if mode == "L" else Image.merge("RGB", [gradient] * 3)).save(path, quality=70)
    # The limit of a video's frames is another matter.
    info = check_upload(path, kind="attachment", limits=MediaLimits(1 << 30, max_pixels=3840 * 2160))
    assert (info.width, info.height) == (width, height)
    with FrameReader(path, width=64, height=48, fps=Fraction(24), count=2) as reader:
        rows = reader.read(2)[1].mean(axis=(1, 2))
    assert np.abs(rows - np.linspace(0, 255, 48)).max() < 6


@pytest.mark.parametrize("suffix", ["png", "webp", "gif"])
def test_large_stills_of_other_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"photo.{suffix}"
    photo = Image.new("P", (8000, 6000))
    photo.putpalette((204, 102, 51))
    (photo if suffix == "gif" else photo.convert("RGB")).save(path)
    assert check_upload(path, kind="attachment", limits=MediaLimits(1 << 30, max_pixels=1000)).kind == "image"
    with FrameReader(path, width=64, height=48, fps=Fraction(1)) as reader:
        assert np.abs(reader.read(1)[0].astype(int) - (204, 102, 51)).max() < 8


def test_a_bound_remains(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("1", (10_100, 10_000)).save(path)
    with pytest.raises(MediaError, match="100 megapixels") as refused:
        check_upload(path, kind="attachment")
    assert refused.value.code == "too_many_pixels"


@pytest.mark.parametrize("suffix", ["png", "webp", "gif"])
def test_transparency_is_flattened_on_white(tmp_path: Path, suffix: str) -> None:
    pixels = np.full((48, 64, 4), (90, 90, 90, 255), np.uint8)
    pixels[:, :32, 3] = 0
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(pixels).save(path)
    assert check_upload(path, kind="attachment").has_alpha
    frame = frames(path)[0]
    assert (frame[:, :30] > 250).all()
    assert np.abs(frame[:, 34:].astype(int) - 90).max() < 4


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_pixel(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    if mode == "I;16":
        Image.fromarray(np.full((48, 64), 52_428, np.uint16)).save(path)
    else:
        level = 255 if mode == "1" else 204
        Image.new("RGB", (64, 48), (level,) * 3).convert(mode).save(path)
    expected = 255 if mode == "1" else 204
    assert np.abs(frames(path)[0].astype(int) - expected).max() < 4


def test_what_a_picture_says_of_itself_does_not_spoil_it(tmp_path: Path) -> None:
    """Fill bytes before a marker, texts in another encoding, EXIF data that is none, bytes behind the end."""
    image = Image.new("RGB", (64, 48), (200, 100, 50))
    image.save(tmp_path / "plain.jpg")
    jpeg = (tmp_path / "plain.jpg").read_bytes()
    at = jpeg.index(b"\xff\xdb")
    texts = PngImagePlugin.PngInfo()
    texts.add(b"tEXt", b"Comment\0Gr\xfc\xdfe")
    image.save(tmp_path / "text.png", pnginfo=texts)
    files = {
        "fill.jpg": jpeg[:at] + b"\xff" * 9 + jpeg[at:],
        "fill-first.jpg": jpeg[:2] + b"\xff" * 5 + jpeg[2:],
        "comment.jpg": jpeg[:2] + b"\xff\xfe\x00\x06\xfc\xdf\xe9\x80" + jpeg[2:],
        "exif.jpg": jpeg[:2] + b"\xff\xe1\x00\x10Exif\0\0\xff\xff\xff\xff\xff\xff\xff\xff" + jpeg[2:],
        "behind.jpg": jpeg + b"\0garbage" * 99,
        "behind.png": (tmp_path / "text.png").read_bytes() + b"garbage" * 99,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        assert check_upload(tmp_path / name, kind="attachment").kind == "image", name
        assert np.abs(frames(tmp_path / name)[0].astype(int) - (200, 100, 50)).max() < 8, name


@pytest.mark.parametrize(
    "chunk",
    [
        (b"pHYs", b"\0"),
        (b"iCCP", b"profile\0\7of a method that is none"),
        (b"zTXt", b"text\0\5of a method that is none"),
        (b"tRNS", b""),
        (b"cHRM", b"\0\1"),
        (b"acTL", b"\0"),
        (b"eXIf", b"MM\0*\xff\xff\xff\xff"),
    ],
    ids=lambda chunk: chunk[0].decode(),
)
def test_what_is_said_wrongly_about_a_picture_does_not_refuse_it(tmp_path: Path, chunk: tuple[bytes, bytes]) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(bombs.png(16, 16, chunk, (b"IDAT", bombs.pixels(16, 16))))
    assert check_upload(path, kind="attachment").kind == "image"
    assert not frames(path).any()


def test_a_palette_that_is_missing_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(UPRIGHT).quantize(4).save(path)
    whole = path.read_bytes()
    start = whole.index(b"PLTE") - 4
    path.write_bytes(whole[:start] + whole[start + 12 + int.from_bytes(whole[start : start + 4]) :])
    with pytest.raises(MediaError, match="damaged and can't be shown"):
        check_upload(path, kind="attachment")
