"""Pictures made from a finished video, and the sample clip."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.rendering.media.images import derive_images, jpeg, write_contact_sheet, write_sprite, write_still
from studio.rendering.media.probe import check_upload, probe
from studio.rendering.media.sample import write_clip, write_soundtrack
from studio.rendering.media.tests.clips import STEP, WIDTH, index_of, write_numbered

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")


def test_still_is_lossless(tmp_path: Path) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    with Image.open(write_still(frame, tmp_path / "still.png")) as image:
        assert np.array_equal(np.asarray(image), frame)


@pytest.mark.parametrize(
    ("size", "max_side", "expected"),
    [((1000, 500), 320, (320, 160)), ((90, 160), 320, (90, 160)), ((1, 900), 300, (1, 300))],
)
def test_jpeg_sizes(tmp_path: Path, size: tuple[int, int], max_side: int, expected: tuple[int, int]) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(np.full((1, size[1], size[0], 3), (220, 40, 40), np.uint8), max_side=max_side))
    with Image.open(path) as image:
        assert image.size == expected
        assert np.asarray(image)[0, 0].tolist() == pytest.approx([220, 40, 40], abs=4)


def test_everything_for_a_video(tmp_path: Path) -> None:
    video = write_numbered(tmp_path / "v.mp4", *H264, count=30, width=640, height=360)
    first = np.full((1, 360, 640, 3), 77, np.uint8)
    images = derive_images(video, tmp_path, first_frame=first)
    found = {name: probe(path) for name, path in images.items()}
    assert {name: info.mime_type for name, info in found.items()} == {
        "still": "image/png",
        "poster": "image/jpeg",
        "thumbnail": "image/jpeg",
        "animation": "image/webp",
        "sprite": "image/jpeg",
    }
    assert (found["still"].width, found["poster"].width) == (640, 640)
    assert (found["thumbnail"].width, found["thumbnail"].height) == (320, 180)
    animation = found["animation"]
    assert (animation.kind, animation.width, animation.frame_count) == ("animation", 320, 15)
    assert animation.duration == pytest.approx(1.25, abs=0.02)
    with Image.open(images["animation"]) as moving:
        assert moving.info["loop"] == 0
    with Image.open(images["still"]) as still:
        assert (np.asarray(still) == 77).all()
    again = derive_images(video, tmp_path)
    with Image.open(again["still"]) as still:
        assert index_of(np.asarray(still)) == 0


@pytest.mark.parametrize(
    ("count", "columns", "rows", "tiles", "step"),
    [(1, 1, 1, 1, 1), (7, 7, 1, 7, 1), (24, 10, 3, 24, 1), (150, 10, 8, 75, 2)],
)
def test_sprite_sheet(tmp_path: Path, count: int, columns: int, rows: int, tiles: int, step: int) -> None:
    video = write_numbered(tmp_path / "v.mp4", *H264, count=count)
    sprite = write_sprite(video, tmp_path / "sprite.jpg")
    assert (sprite.columns, sprite.rows, sprite.tiles) == (columns, rows, tiles)
    assert sprite.seconds_per_tile == pytest.approx(step / 24)
    with Image.open(sprite.path) as image:
        sheet = np.asarray(image)
    assert sheet.shape == (rows * sprite.tile_height, columns * sprite.tile_width, 3)
    for tile in range(0, min(tiles, 30 // step)):
        row, column = divmod(tile, columns)
        middle = sheet[row * sprite.tile_height + 20, column * sprite.tile_width + 30]
        assert middle.tolist() == pytest.approx([tile * step * STEP] * 3, abs=4)


def test_contact_sheet(tmp_path: Path) -> None:
    video = write_numbered(tmp_path / "v.mp4", *H264, count=21)
    path = write_contact_sheet([("source", video), ("again", video)], tmp_path / "sheet.png", columns=3, width=WIDTH)
    with Image.open(path) as image:
        sheet = np.asarray(image)
    shown = [index_of(sheet[40:60, left : left + 40]) for left in (10, 10 + WIDTH + 6, 10 + 2 * (WIDTH + 6))]
    assert shown == [0, 10, 20]


def test_sample_clip_and_soundtrack(tmp_path: Path) -> None:
    clip = check_upload(write_clip(tmp_path / "clip.mp4", width=160, height=90, seconds=1), kind="attachment")
    assert (clip.width, clip.height, clip.fps, clip.frame_count) == (160, 90, Fraction(24), 24)
    assert (clip.video_codec, clip.audio_codec) == ("h264", "aac")
    for suffix, mime_type in ((".wav", "audio/wav"), (".mp3", "audio/mpeg"), (".aac", "audio/aac")):
        tune = check_upload(write_soundtrack(tmp_path / f"tune{suffix}", seconds=1), kind="soundtrack")
        assert tune.mime_type == mime_type
