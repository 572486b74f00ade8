"""Pictures and videos that take part in an animation, each brought to the video's size and padded to the canvas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from studio.rendering.deforum.settings import DeforumSettings
from studio.rendering.errors import MediaError, PlanError
from studio.rendering.pictures.arrays import Frames, Image
from studio.rendering.pictures.geometry import pad_to_multiple, resize

Plane = NDArray[np.float32]


class Pictures:
    """Still images by the name the settings give them. Only files in ``paths`` can be read: names are never paths."""

    def __init__(self, paths: Mapping[str, Path], height: int, width: int) -> None:
        self._paths = paths
        self._size = height, width
        self._read: dict[str, NDArray[np.uint8]] = {}

    def rgb(self, name: str) -> Image:
        """(height, width, 3), transparency dropped."""
        return np.ascontiguousarray(self._rgba(name)[..., :3])

    def grey(self, name: str) -> Plane:
        """Luma in 0..1, (height, width)."""
        return _unit(cv2.cvtColor(self.rgb(name), cv2.COLOR_RGB2GRAY))

    def alpha(self, name: str) -> Plane:
        """Opacity in 0..1, (height, width)."""
        return _unit(self._rgba(name)[..., 3])

    def _rgba(self, name: str) -> NDArray[np.uint8]:
        if name not in self._read:
            if name not in self._paths:
                raise PlanError("assets", f"assets: {name[:80]!r} is named in the settings and was not sent")
            try:
                with Pillow.open(self._paths[name]) as picture:
                    pixels = np.asarray(picture.convert("RGBA"))
            except (OSError, ValueError, Pillow.DecompressionBombError) as error:
                raise MediaError(f"{name[:80]!r} is not an image that can be read.") from error
            self._read[name] = _fitted(pixels, *self._size)
        return self._read[name]


class VideoFrames:
    """A stream of frames read in ascending order, of which the last two stay at hand.

    Frame k is the stream's frame ``first + k * every``; beyond the end (or ``last``) the final frame holds.
    """

    def __init__(
        self, frames: Iterator[Frames], height: int, width: int, *, first: int = 0, every: int = 1, last: int = -1
    ) -> None:
        self._frames = (frame for chunk in frames for frame in chunk)
        self._size = height, width
        self._first, self._every, self._last = first, every, last
        self._position = -1
        self._newest: Image | None = None
        self._kept: dict[int, Image] = {}

    def __getitem__(self, index: int) -> Image:
        """RGB (height, width, 3). Raises MediaError for a stream without frames."""
        if index not in self._kept:
            self._kept[index] = self._seek(index)
            for old in sorted(self._kept)[:-2]:
                del self._kept[old]
        return self._kept[index]

    def _seek(self, index: int) -> Image:
        wanted = self._first + index * self._every
        if self._last >= 0:
            wanted = min(wanted, self._last)
        while self._position < wanted:
            frame = next(self._frames, None)
            if frame is None:
                break
            self._newest = frame
            self._position += 1
        if self._newest is None:
            raise MediaError("The source video has no frames.")
        return _fitted(self._newest, *self._size)


def source_frames(settings: DeforumSettings, frames: Iterator[Frames], height: int, width: int) -> VideoFrames:
    """The source video's frames that the settings pick."""
    return VideoFrames(
        frames,
        height,
        width,
        first=settings.extract_from_frame,
        every=settings.extract_nth_frame,
        last=settings.extract_to_frame,
    )


def _fitted(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pad_to_multiple(resize(image[None], height, width))[0])


def _unit(levels: NDArray[np.uint8]) -> Plane:
    return (levels / 255).astype(np.float32)
