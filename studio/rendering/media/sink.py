"""Where finished frames go: append-only, safe against a crash at any instruction, joined without a seam.

Frames are written raw to the spool of the open segment. A full segment is encoded by ffmpeg in its own process while
the next one fills. Boundaries are fixed multiples of ``segment_frames``, so a render that was killed and resumed,
previewed and finished, or extended encodes exactly the segments of an undisturbed one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.rendering.errors import RenderError
from studio.rendering.media import durable, ffmpeg, segments
from studio.rendering.media.frame_table import FrameTable, digest

SCHEMA = 1
REWIND_FRAMES = 64
"""How far :meth:`FrameSink.truncate` can always go back: a Deforum checkpoint lags by up to a cadence of 50 frames."""

_MANIFEST = "sink.json"
_TABLE = "frames.jsonl"
_PACKED = "spool.mkv"


class FrameSink:
    """A growing video in ``work_dir``, reopened where it was left if the folder already holds one.

    ``width`` and ``height`` are even; the last ``kept_frames`` stay raw, so that :meth:`truncate` can go back to them.
    Raises RenderError if the video there has another size, rate or segment length.
    """

    def __init__(
        self,
        work_dir: Path,
        *,
        width: int,
        height: int,
        fps: Fraction,
        segment_frames: int = 48,
        encoder: str = "libx264",
        kept_frames: int = REWIND_FRAMES,
    ) -> None:
        self.work_dir, self.width, self.height, self.fps = work_dir, width, height, fps
        self.segment_frames, self.encoder = segment_frames, encoder
        self._kept_frames = max(REWIND_FRAMES, kept_frames)
        self.frames_done = 0
        """Frames that survive a crash."""
        self._frame_bytes = width * height * 3
        self._append_start = 0
        self._encoding: tuple[int, Path, ffmpeg.Process] | None = None
        self._segments, self._spools = work_dir / "segments", work_dir / "spools"
        self._open()
        self._table = FrameTable(work_dir / _TABLE)
        self._recover()

    @staticmethod
    def exists(work_dir: Path) -> bool:
        """Whether ``work_dir`` holds a sink to reopen."""
        return (work_dir / _MANIFEST).exists()

    @classmethod
    def restore(cls, checkpoint: Path, work_dir: Path, *, encoder: str = "libx264") -> FrameSink:
        """A sink in ``work_dir`` (empty) that continues what :meth:`snapshot` wrote; every raw frame is verified."""
        manifest = _read_manifest(checkpoint)
        frames_done = manifest.pop("frames_done", 0)
        _clear(work_dir)
        for segment in (checkpoint / "segments").iterdir():
            shutil.copyfile(segment, work_dir / "segments" / segment.name)
        shutil.copyfile(checkpoint / _TABLE, work_dir / _TABLE)
        if frames_done:
            last = (frames_done - 1) // manifest["segment_frames"]
            ffmpeg.run(ffmpeg.unpack_lossless(checkpoint / _PACKED, work_dir / "spools" / _spool_name(last)))
        # Last, because its presence says that the rest is there.
        durable.write(work_dir / _MANIFEST, json.dumps(manifest).encode())
        sink = cls(work_dir, encoder=encoder, **_parameters(manifest))
        if sink.frames_done != frames_done:
            raise _damaged()
        return sink

    @property
    def table_path(self) -> Path:
        """The frame table: JSONL, one record a frame."""
        return self._table.path

    def __enter__(self) -> FrameSink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def append(self, frames: NDArray[np.uint8], records: Sequence[dict[str, object]]) -> None:
        """Add frames (n, height, width, 3) with one JSON-serialisable record each; durable on return.

        Each record is stored with the frame's index as ``frame`` and the SHA-256 of its RGB bytes as ``sha256``.
        """
        if frames.dtype != np.uint8 or frames.shape != (len(records), self.height, self.width, 3):
            raise ValueError(f"expected {len(records)} frames of {self.width}x{self.height}, got {frames.shape}")
        frames = np.ascontiguousarray(frames)
        self._append_start = self.frames_done
        position = 0
        while position < len(frames):
            segment, filled = divmod(self.frames_done, self.segment_frames)
            end = min(len(frames), position + self.segment_frames - filled)
            part = frames[position:end]
            durable.write_at(self._spools / _spool_name(segment), filled * self._frame_bytes, part.data)
            self._table.append(self.frames_done, records[position:end], part)
            self.frames_done += len(part)
            position = end
            if self.frames_done % self.segment_frames == 0:
                self._start_encoding(segment)
        if self._encoding and not self._encoding[2].running:
            self._finish_encoding()

    def truncate(self, frames_done: int) -> None:
        """Forget all frames from ``frames_done`` on.

        Always possible for the last ``REWIND_FRAMES``, for the last :meth:`append` and to a multiple of
        ``segment_frames``; raises RenderError further back.
        """
        if not 0 <= frames_done <= self.frames_done:
            raise ValueError(f"can't truncate {self.frames_done} frames to {frames_done}")
        segment = frames_done // self.segment_frames
        if not self.holds(frames_done):
            raise RenderError("The render can't go back that far.", code="checkpoint_damaged")
        # The table first: on reopening no more frames count than it has lines, so a crash here leaves nothing behind.
        self._table.truncate(frames_done)
        if self._encoding and self._encoding[0] >= segment:
            self._abandon_encoding()
        self.frames_done = frames_done
        self._remove_beyond()

    def holds(self, frames_done: int) -> bool:
        """Whether :meth:`truncate` can go back to ``frames_done``."""
        segment, filled = divmod(frames_done, self.segment_frames)
        return durable.size(self._spools / _spool_name(segment)) >= filled * self._frame_bytes

    def recorded(self, start: int, stop: int) -> list[dict[str, object]]:
        """The stored records of frames ``start`` to ``stop - 1``."""
        return list(self._table.read(start, min(stop, self.frames_done)))

    def records(self, start: int = 0) -> Iterator[dict[str, object]]:
        """The stored record of every finished frame from ``start`` on, in order."""
        return self._table.read(start, self.frames_done)

    def last_frame(self) -> NDArray[np.uint8] | None:
        """The newest frame as it was appended, (1, height, width, 3); None if there is none."""
        if not self.frames_done:
            return None
        segment, position = divmod(self.frames_done - 1, self.segment_frames)
        return self._read_raw(segment, position)

    def first_frame(self) -> NDArray[np.uint8] | None:
        """Frame 0 as it was appended, (1, height, width, 3), while its segment is still raw; None later."""
        if not self.frames_done or not (self._spools / _spool_name(0)).exists():
            return None
        return self._read_raw(0, 0)

    def finish(self) -> Path:
        """The video so far: an MP4 without sound whose frame i is shown at exactly i/fps.

        The sink stays usable: append more and call again, and the result equals that of one uninterrupted run.
        """
        if not self.frames_done:
            raise RenderError("No frame was rendered.", code="no_frames")
        self._finish_encoding()
        complete, rest = divmod(self.frames_done, self.segment_frames)
        parts = [self._segments / _segment_name(i) for i in range(complete)]
        tail = self._segments / "tail.part"
        if rest:
            with self._encode(complete, tail) as process:
                process.wait()
            self._verify(tail, rest)
            parts.append(tail)
        joined = self.work_dir / "video.part"
        if segments.join(parts, joined, self.fps) != self.frames_done:
            raise RenderError("The encoded video is damaged.", code="media_failed")
        tail.unlink(missing_ok=True)
        return durable.publish(joined, self.work_dir / "video.mp4")

    def snapshot(self, destination: Path) -> None:
        """Write a self-contained folder from which :meth:`restore` continues; replaces what is there."""
        self._finish_encoding()
        part = destination.with_name(destination.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        (part / "segments").mkdir(parents=True)
        for index in range(self.frames_done // self.segment_frames):
            name = _segment_name(index)
            shutil.copyfile(self._segments / name, part / "segments" / name)
        shutil.copyfile(self._table.path, part / _TABLE)
        if self.frames_done:
            spool = self._spools / _spool_name((self.frames_done - 1) // self.segment_frames)
            frames = ffmpeg.RawFrames(spool, self.width, self.height, self.fps)
            ffmpeg.run(ffmpeg.pack_lossless(frames, part / _PACKED))
        manifest = {**self._manifest(), "frames_done": self.frames_done}
        durable.write(part / _MANIFEST, json.dumps(manifest).encode())
        shutil.rmtree(destination, ignore_errors=True)
        part.rename(destination)

    def close(self) -> None:
        """Let go of the encoder; the frames stay, and a segment that was being encoded is encoded on reopening."""
        self._abandon_encoding()

    def _open(self) -> None:
        manifest = self._manifest()
        if not self.exists(self.work_dir):
            _clear(self.work_dir)
            durable.write(self.work_dir / _MANIFEST, json.dumps(manifest).encode())
        elif _read_manifest(self.work_dir) != manifest:
            raise RenderError("The frames already rendered have another size or rate.", code="checkpoint_mismatch")
        for stale in self._segments.glob("*.part"):
            stale.unlink()

    def _recover(self) -> None:
        """Count the frames that are complete in spool or segment and in the table, and drop everything behind them."""
        digests = list(self._table.digests())
        unfinished = []
        for segment in count():
            begin = segment * self.segment_frames
            if begin + self.segment_frames <= len(digests) and (self._segments / _segment_name(segment)).exists():
                self.frames_done = begin + self.segment_frames
                continue
            expected = digests[begin : begin + self.segment_frames]
            self.frames_done = begin + self._intact_frames(segment, expected)
            if self.frames_done < begin + self.segment_frames:
                break
            unfinished.append(segment)
        self._table.truncate(self.frames_done)
        self._remove_beyond()
        for segment in unfinished:
            self._start_encoding(segment)

    def _intact_frames(self, segment: int, digests: Sequence[str]) -> int:
        whole = min(len(digests), durable.size(self._spools / _spool_name(segment)) // self._frame_bytes)
        for position in range(whole):
            if digest(self._read_raw(segment, position)) != digests[position]:
                return position
        return whole

    def _remove_beyond(self) -> None:
        segment, filled = divmod(self.frames_done, self.segment_frames)
        for path in self._segments.glob("*.mp4"):
            if int(path.stem) >= segment:
                path.unlink()
        for path in self._spools.iterdir():
            if int(path.stem) > segment or (int(path.stem) == segment and not filled):
                path.unlink()
            elif int(path.stem) == segment:
                durable.truncate(path, filled * self._frame_bytes)

    def _start_encoding(self, segment: int) -> None:
        self._finish_encoding()
        part = self._segments / f"{segment:06d}.{os.getpid()}.part"
        self._encoding = (segment, part, self._encode(segment, part))

    def _encode(self, segment: int, destination: Path) -> ffmpeg.Process:
        frames = ffmpeg.RawFrames(self._spools / _spool_name(segment), self.width, self.height, self.fps)
        return ffmpeg.Process(ffmpeg.encode_h264(frames, destination, encoder=self.encoder))

    def _finish_encoding(self) -> None:
        if self._encoding is None:
            return
        segment, part, process = self._encoding
        self._encoding = None
        with process:
            process.wait("The rendered frames could not be encoded.")
        self._verify(part, self.segment_frames)
        durable.publish(part, self._segments / _segment_name(segment))
        # A crash in the middle of a large batch is undone back to where the batch began.
        needed_from = min(self.frames_done - self._kept_frames, self._append_start)
        for path in self._spools.iterdir():
            index = int(path.stem)
            if index <= segment and (index + 1) * self.segment_frames <= needed_from:
                path.unlink()

    def _abandon_encoding(self) -> None:
        if self._encoding:
            _, part, process = self._encoding
            self._encoding = None
            process.kill()
            part.unlink(missing_ok=True)

    def _verify(self, path: Path, frames: int) -> None:
        if segments.count_frames(path) != frames:
            raise RenderError("The rendered frames could not be encoded.", code="media_failed")

    def _read_raw(self, segment: int, position: int) -> NDArray[np.uint8]:
        with (self._spools / _spool_name(segment)).open("rb") as spool:
            spool.seek(position * self._frame_bytes)
            raw = np.fromfile(spool, np.uint8, self._frame_bytes)
        return raw.reshape(1, self.height, self.width, 3)

    def _manifest(self) -> dict[str, object]:
        size = {"width": self.width, "height": self.height, "segment_frames": self.segment_frames}
        return {"schema": SCHEMA, "fps": str(self.fps), **size}


def _segment_name(index: int) -> str:
    return f"{index:06d}.mp4"


def _spool_name(index: int) -> str:
    return f"{index:06d}.rgb"


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_bytes())
    except (FileNotFoundError, ValueError) as error:
        raise _damaged() from error
    if manifest.get("schema") != SCHEMA:
        raise RenderError(
            "This render was saved by another version and can't be continued.", code="checkpoint_mismatch"
        )
    return manifest


def _damaged() -> RenderError:
    return RenderError("The saved state of this render is damaged; render it again.", code="checkpoint_damaged")


def _parameters(manifest: dict[str, Any]) -> dict[str, Any]:
    size = {name: manifest[name] for name in ("width", "height", "segment_frames")}
    return {"fps": Fraction(manifest["fps"]), **size}


def _clear(work_dir: Path) -> None:
    for name in ("segments", "spools"):
        shutil.rmtree(work_dir / name, ignore_errors=True)
        (work_dir / name).mkdir(parents=True)
    (work_dir / _TABLE).write_bytes(b"")
