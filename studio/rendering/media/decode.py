"""Any accepted source as a stream of RGB frames of one size at one constant rate, in constant memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.rendering.errors import MediaError
from studio.rendering.media import ffmpeg, sandbox
from studio.rendering.media.child import FfmpegError
from studio.rendering.media.probe import MediaInfo, probe
from studio.rendering.pictures.arrays import Frames

_SEEKABLE = {"mp4", "mov", "webm", "matroska"}


class FrameReader:
    """``count`` frames of a source from ``start_frame`` on: an iterator of RGB uint8 of shape (1, height, width, 3).

    Frame i is what the source shows i/``fps`` seconds after its first picture: rotation applied, transparency flattened
    on white, 10 bits rounded to 8, variable rates made constant, fields joined. The same file and index give the same
    frame wherever reading starts. ``count`` defaults to the rest of the source; more frames than it has repeat the last
    one, so a still lasts as long as asked. Memory is one frame and a pipe. Raises MediaError if the source is
    unreadable.
    """

    def __init__(
        self,
        path: Path,
        *,
        width: int,
        height: int,
        fps: Fraction,
        start_frame: int = 0,
        count: int | None = None,
        info: MediaInfo | None = None,
    ) -> None:
        info = info or probe(path)
        if info.kind == "audio":
            raise MediaError("The file has sound but no picture.", code="no_video_stream")
        self.width, self.height, self.fps, self.start_frame = width, height, fps, start_frame
        self.count = max(0, info.frames_at(fps) - start_frame) if count is None else count
        self.position = start_frame
        """Index of the next frame."""
        self._path = path
        self._is_still = info.kind == "image"
        self._still: NDArray[np.uint8] | None = None
        self._how = ffmpeg.Decoding(
            demuxer=info.demuxer,
            width=width,
            height=height,
            fps=fps,
            start_frame=start_frame,
            count=self.count,
            start_time=info.start,
            has_alpha=info.has_alpha,
            codec=info.video_codec,
            seekable=info.container in _SEEKABLE,
            hdr=info.is_hdr,
            interlaced=info.is_interlaced,
            assume_bt709=info.assume_bt709,
            track=info.picture_track,
        )
        self._process: ffmpeg.Process | None = None

    def __enter__(self) -> FrameReader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Frames left to read."""
        return self.start_frame + self.count - self.position

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        while len(self):
            yield self.read(1)

    def read(self, count: int) -> NDArray[np.uint8]:
        """The next frames as (n, height, width, 3); fewer than ``count``, down to none, at the end."""
        frames = np.empty((min(count, len(self)), self.height, self.width, 3), np.uint8)
        if not len(frames):
            return frames
        if self._is_still:
            self.position += len(frames)
            frames[:] = self._decoded_still()
            return frames
        if self._process is None:
            self._process = ffmpeg.Process(ffmpeg.decode(self._path, self._how), stdout=True)
        rest = frames.data.cast("B")
        while rest:
            received = self._process.read_into(rest)
            if not received:
                self._fail()
            rest = rest[received:]
        self.position += len(frames)
        return frames

    def close(self) -> None:
        """Stop reading. Safe to call twice."""
        if self._process is not None:
            self._process.kill()

    def _decoded_still(self) -> NDArray[np.uint8]:
        if self._still is None:
            _, pixels = sandbox.ask("still", path=self._path, width=self.width, height=self.height)
            self._still = np.frombuffer(pixels, np.uint8).reshape(self.height, self.width, 3)
        return self._still

    def _fail(self) -> None:
        message = "The source can't be decoded to its end: the file is damaged."
        assert self._process
        try:
            self._process.wait(message)
        except FfmpegError as error:
            raise MediaError(message, code="truncated") from error
        raise MediaError(message, code="truncated")


def output_size(info: MediaInfo, *, max_pixels: int, multiple: int = 2) -> tuple[int, int]:
    """(width, height) for a render of this source: its own aspect, at most ``max_pixels``, both sides multiples of
    ``multiple`` (H.264 4:2:0 needs even ones). Never larger than the source, never smaller than one multiple."""
    scale = min(1.0, math.sqrt(max_pixels / (info.width * info.height)))
    width, height = (max(multiple, round(side * scale / multiple) * multiple) for side in (info.width, info.height))
    while width * height > max_pixels and max(width, height) > multiple:
        if width >= height:
            width -= multiple
        else:
            height -= multiple
    return width, height


class Video:
    """The frames of the reader that ``opened`` makes, from its first one with every ``iter``.

    Leaving the block closes what was opened last.
    """

    def __init__(self, opened: Callable[[], FrameReader]) -> None:
        self._opened = opened
        self._stack = ExitStack()

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[Frames]:
        self._stack.close()
        return iter(self._stack.enter_context(self._opened()))
