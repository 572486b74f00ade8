"""Pictures of a render: still, poster, thumbnail, preview animation, scrubbing sprite, contact sheet.

Frames are RGB uint8, (height, width, 3) or (1, height, width, 3). Videos are read as streams.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.rendering.media import durable, ffmpeg
from studio.rendering.media.child import FfmpegError
from studio.rendering.media.decode import FrameReader
from studio.rendering.media.probe import MediaInfo, probe

Frame = NDArray[np.uint8]

THUMBNAIL_SIDE = 320
PREVIEW_SIDE = 512
_ANIMATION_FRAMES = 48
_ANIMATION_FPS = 12
_SPRITE_TILES = 100
_SPRITE_COLUMNS = 10
_SPRITE_WIDTH = 160
_GAP = 6
_LABEL_HEIGHT = 26


@dataclass(frozen=True)
class Sprite:
    """A scrubbing sheet: tile i, counted in rows from the top left, shows the video at ``i * seconds_per_tile``."""

    path: Path
    columns: int
    rows: int
    tiles: int
    tile_width: int
    tile_height: int
    seconds_per_tile: float


def jpeg(frame: Frame, *, max_side: int | None = None, quality: int = 85) -> bytes:
    """A JPEG, shrunk so that no side is longer than ``max_side``."""
    return _encode(".jpg", _shrink(frame, max_side), [cv2.IMWRITE_JPEG_QUALITY, quality])


def write_still(frame: Frame, path: Path) -> Path:
    """A frame as it is, lossless PNG."""
    durable.write(path, _encode(".png", _shrink(frame, None), [cv2.IMWRITE_PNG_COMPRESSION, 4]))
    return path


def write_poster(frame: Frame, path: Path) -> Path:
    """A full-size JPEG for players."""
    durable.write(path, jpeg(frame, quality=90))
    return path


def write_thumbnail(frame: Frame, path: Path) -> Path:
    """A JPEG of at most 320 pixels for lists."""
    durable.write(path, jpeg(frame, max_side=THUMBNAIL_SIDE, quality=82))
    return path


def write_sprite(video: Path, path: Path) -> Sprite:
    """A JPEG sheet of evenly spaced small frames, at most a hundred, for scrubbing."""
    info = probe(video)
    step = -(-info.frame_count // _SPRITE_TILES)
    tiles = -(-info.frame_count // step)
    columns = min(tiles, _SPRITE_COLUMNS)
    rows = -(-tiles // columns)
    width = min(_SPRITE_WIDTH, info.width)
    height = max(2, round(width * info.height / info.width / 2) * 2)
    sheet = np.zeros((rows * height, columns * width, 3), np.uint8)
    fps = _rate(info)
    with FrameReader(video, width=width, height=height, fps=fps, info=info) as reader:
        for index, frame in enumerate(reader):
            if index % step == 0:
                row, column = divmod(index // step, columns)
                sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = frame[0]
    durable.write(path, jpeg(sheet, quality=75))
    return Sprite(path, columns, rows, tiles, width, height, float(step / fps))


def derive_images(video: Path, folder: Path, *, first_frame: Frame | None = None) -> dict[str, Path]:
    """Every picture of a finished video, by kind: ``still animation poster thumbnail sprite``.

    ``first_frame`` is the video's first frame as it was before encoding, where it is still known.
    """
    animation = folder / "animation.webp"
    with _animation_beside(video, animation, THUMBNAIL_SIDE):
        if first_frame is None:
            first_frame = _frame_at(video, probe(video), 0)
        return {
            "still": write_still(first_frame, folder / "still.png"),
            "poster": write_poster(first_frame, folder / "poster.jpg"),
            "thumbnail": write_thumbnail(first_frame, folder / "thumbnail.jpg"),
            "animation": animation,
            "sprite": write_sprite(video, folder / "sprite.jpg").path,
        }


def write_contact_sheet(rows: Sequence[tuple[str, Path]], path: Path, *, columns: int = 6, width: int = 240) -> Path:
    """A PNG with one labelled row of evenly spaced frames for each (label, video or image)."""
    strips = []
    for label, source in rows:
        info = probe(source)
        height = max(2, round(width * info.height / info.width))
        strip = np.full((_LABEL_HEIGHT + height + _GAP, columns * (width + _GAP) + _GAP, 3), 24, np.uint8)
        origin = (_GAP, _LABEL_HEIGHT - 8)
        cv2.putText(strip, label, origin, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (235, 235, 235), 1, cv2.LINE_AA)
        last = info.frames_at(_rate(info)) - 1
        for column in range(columns):
            at = round(column * last / max(1, columns - 1))
            left = _GAP + column * (width + _GAP)
            strip[_LABEL_HEIGHT : _LABEL_HEIGHT + height, left : left + width] = _frame_at(
                source, info, at, (width, height)
            )
        strips.append(strip)
    durable.write(path, _encode(".png", np.concatenate(strips), []))
    return path


@contextmanager
def _animation_beside(video: Path, path: Path, max_side: int) -> Iterator[None]:
    """Animate beside the block, which ends with the animation in place: it takes longer than all other pictures."""
    info = probe(video)
    fps = min(_rate(info), Fraction(_ANIMATION_FPS))
    width, height = _fit(info, max_side)
    count = min(_ANIMATION_FRAMES, info.frames_at(fps))
    part = path.with_name(path.name + ".part")
    how = ffmpeg.Decoding(info.demuxer, width, height, fps, 0, count)
    with ffmpeg.Process(ffmpeg.animate(video, part, how)) as process:
        yield
        process.wait()
    durable.publish(part, path)


def _frame_at(path: Path, info: MediaInfo, index: int, size: tuple[int, int] | None = None) -> Frame:
    width, height = size or (info.width, info.height)
    fps = _rate(info)
    with FrameReader(path, width=width, height=height, fps=fps, start_frame=index, count=1, info=info) as reader:
        return reader.read(1)[0]


def _rate(info: MediaInfo) -> Fraction:
    return info.fps or Fraction(1)


def _fit(info: MediaInfo, max_side: int) -> tuple[int, int]:
    scale = min(1.0, max_side / max(info.width, info.height))
    return max(1, round(info.width * scale)), max(1, round(info.height * scale))


def _shrink(frame: Frame, max_side: int | None) -> Frame:
    *_, height, width, channels = frame.shape
    frame = frame.reshape(height, width, channels)
    if max_side is None or max(height, width) <= max_side:
        return frame
    scale = max_side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def _encode(extension: str, frame: Frame, options: list[int]) -> bytes:
    done, data = cv2.imencode(extension, cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise FfmpegError("The picture could not be written.")
    return data.tobytes()
