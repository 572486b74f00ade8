"""The renderer's edge: what it is given and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from studio.rendering.deforum.steering.commands import Ack, Command

Stage = Literal["loading", "rendering", "finishing"]


@dataclass(frozen=True)
class Progress:
    """How far a render is. ``frames_done`` counts finished frames that survive a crash."""

    stage: Stage
    frames_done: int
    frames_total: int
    preview_jpeg: bytes | None = None
    """The newest frame as a JPEG of at most 512 px, when one is ready to be shown."""


@dataclass(frozen=True)
class FramePictures:
    """An emitted frame to be shown, as JPEGs."""

    thumbnail: bytes
    """At most 96 px: one of each frame, for the film reel."""
    preview: bytes | None = None
    """At most 512 px, once a second, and of the last frame before a pause."""


class RenderPort(Protocol):
    """How a render talks to whoever asked for it. Steering is answered by :class:`Unsteered` where nobody steers."""

    work_dir: Path
    """A folder of this job alone; it outlives a crash, so a new attempt finds the finished frames there."""
    live: bool
    """Whether somebody may steer or watch frames; the methods after ``should_stop`` are called only where it is so."""

    def progress(self, progress: Progress) -> None:
        """Called after every batch or frame; cheap, the port decides what to write."""

    def should_stop(self) -> bool:
        """Asked before every denoising step; True raises :class:`~studio.rendering.errors.Cancelled`."""

    def commands(self, after: int) -> Sequence[Command]:
        """The commands whose number is above ``after``, in ascending order; asked once per diffused frame.

        It never blocks for long. One that can't be had right now comes with a later call.
        """

    def applied(self, acks: Sequence[Ack]) -> None:
        """What became of commands, once that is durable. An ack may come again after a crash: it says the same."""

    def paused(self, frame: int) -> bool:
        """Called again and again while the animation stands before ``frame``: waits until something may have happened.

        False takes the device back: the render raises :class:`~studio.rendering.errors.Paused`.
        """

    def frame(self, index: int, record: Mapping[str, Any], pictures: FramePictures) -> None:
        """An emitted frame, durable, with the parameters it was made with. A rewind emits frames again."""


class Unsteered:
    """The part of a port of a render that nobody steers."""

    live = False

    def commands(self, after: int) -> Sequence[Command]:
        return ()

    def applied(self, acks: Sequence[Ack]) -> None:
        pass

    def paused(self, frame: int) -> bool:
        return False

    def frame(self, index: int, record: Mapping[str, Any], pictures: FramePictures) -> None:
        pass


@dataclass(frozen=True)
class RenderInputs:
    """The files a plan refers to, on local disk."""

    source: Path | None = None
    soundtrack: Path | None = None
    checkpoint: Path | None = None
    """A checkpoint folder of an earlier render (a preview to finish, a job to extend); the result continues it."""
    assets: Mapping[str, Path] = field(default_factory=dict)
    """Images that Deforum settings name (init image, mask, guided images), by the name they have there."""
    mask_video: Path | None = None


@dataclass(frozen=True)
class RenderResult:
    """Files in the work folder, complete and verified; the caller moves them to where they live."""

    video: Path
    """H.264 yuv420p + AAC MP4, faststart."""
    still: Path
    """First frame, lossless PNG."""
    animation: Path
    """Animated WebP of the first frames, for lists."""
    poster: Path
    thumbnail: Path
    sprite: Path
    """Scrubbing sprite sheet, JPEG."""
    frame_table: Path
    """JSONL, one line a frame: every effective parameter and the frame's SHA-256."""
    checkpoint: Path
    """Folder from which this render can be continued without a seam."""
    frames: int
    width: int
    height: int
    seconds: float
    """Wall time of this attempt."""
