"""Where finished frames go, as the workflows see it; ``media.sink`` keeps them on disk."""

from __future__ import annotations

from typing import Protocol

from studio.rendering.pictures.arrays import Frames


class FrameSink(Protocol):
    """Append-only and durable: it survives a crash."""

    @property
    def frames_done(self) -> int:
        """Frames that are in it, also those of an earlier attempt."""

    def append(self, frames: Frames, records: list[dict[str, object]], /) -> None:
        """Add frames (n, height, width, 3) and one record each; durable on return."""

    def truncate(self, count: int, /) -> None:
        """Drop all but the first ``count`` frames and records."""

    def holds(self, count: int, /) -> bool:
        """Whether ``truncate(count)`` is possible."""

    def recorded(self, start: int, stop: int, /) -> list[dict[str, object]]:
        """The records of frames ``start`` to ``stop - 1``."""


class RewindableSink(FrameSink, Protocol):
    """One that also gives back what it took last."""

    def last_frame(self) -> Frames | None:
        """The newest frame as it was appended, (h, w, 3) or (1, h, w, 3)."""
