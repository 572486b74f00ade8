"""How a render is watched: a preview at times, a thumbnail of every frame, and a full look at it when it is paused."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from studio.rendering.deforum.steering.commands import Ack, Command
from studio.rendering.media.images import PREVIEW_SIDE, jpeg
from studio.rendering.pictures.arrays import Frames, Image
from studio.rendering.ports import FramePictures, RenderPort

THUMBNAIL_SIDE = 96

_PREVIEW_SECONDS = 1.0
"""Pause between two previews: encoding one costs a millisecond or two that the model could use."""


class Showing:
    """Between a render and its port: what is rendered becomes pictures, and a pause shows the frame it stands at."""

    def __init__(self, port: RenderPort) -> None:
        self._port = port
        self._previewed = 0.0
        self._unseen: tuple[int, Image, Mapping[str, Any]] | None = None
        """The last frame, while nobody has seen a preview of it."""

    def frames(self, first: int, frames: Frames, records: Sequence[Mapping[str, Any]]) -> bytes | None:
        """Show frames from ``first`` on; their last one's preview if one is due."""
        preview = None
        if time.monotonic() - self._previewed >= _PREVIEW_SECONDS:
            self._previewed = time.monotonic()
            preview = _preview(frames[-1])
        if self._port.live:
            last = len(frames) - 1
            for index, (frame, record) in enumerate(zip(frames, records, strict=True)):
                self._show(first + index, frame, record, preview if index == last else None)
            self._unseen = None if preview else (first + last, frames[last], records[last])
        return preview

    def commands(self, after: int) -> Sequence[Command]:
        return self._port.commands(after)

    def applied(self, acks: Sequence[Ack]) -> None:
        self._port.applied(acks)

    def paused(self, frame: int) -> bool:
        if self._unseen and self._unseen[0] == frame - 1:
            index, picture, record = self._unseen
            self._show(index, picture, record, _preview(picture))
        self._unseen = None
        return self._port.paused(frame)

    def _show(self, index: int, frame: Image, record: Mapping[str, Any], preview: bytes | None) -> None:
        thumbnail = jpeg(frame, max_side=THUMBNAIL_SIDE, quality=75)
        self._port.frame(index, record, FramePictures(thumbnail, preview))


def _preview(frame: Image) -> bytes:
    return jpeg(frame, max_side=PREVIEW_SIDE, quality=80)
