"""A running render's link to whoever steers and watches it: commands in, what became of them and every frame out.

The rows are the truth. Redis only wakes a render that is paused, and carries what is merely shown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from studio.models import RenderJob, Video
from studio.providers.lease import LeasedPort
from studio.rendering.deforum.checkpoint import live_state
from studio.rendering.deforum.steering.commands import Ack, Command
from studio.rendering.ports import FramePictures, Progress
from studio.services.steering.bell import LONGEST_WAIT, Listener
from studio.services.steering.pictures import keep_thumbnails
from studio.services.steering.reading import to_be_read
from studio.services.steering.records import cut_records, keep_records, known_records
from studio.services.steering.settling import Read, settle
from studio.services.steering.showing import keep_state, show_made, show_pause, show_rewind
from studio.services.steering.state import shown_state

_RECORD_SECONDS = 0.25
"""Records are written so often at most, all of the meantime together."""
_SHOW_SECONDS = 0.05
"""Frames are told of so often at most."""
_STATE_SECONDS = 0.5
_TURNING_BACK = ("rewind", "replay")


class SteeredPort(LeasedPort):
    """The port of a render on this machine. Whatever can't be written now is written with what comes next."""

    def __init__(self, job: RenderJob, lease_id: UUID, stopping: threading.Event) -> None:
        super().__init__(job, lease_id, stopping)
        # A film reel is for animations, which are short; a restyled video may have tens of thousands of frames.
        self.live = job.workflow == Video.Type.DEFORUM
        self.paused_seconds = 0.0
        """How long this attempt stood still."""
        self.rewound = False
        self._next = job.frames_done
        """The frame that is due."""
        self._read: dict[int, tuple[str, int]] = {}
        """The kind of each command that this attempt was given, and the frame before which it was."""
        self._unsettled: list[Read] = []
        self._newest: Mapping[str, Any] | None = None
        self._records: list[dict[str, Any]] = []
        self._filled = False
        self._thumbnails: dict[int, bytes] = {}
        self._recorded_at = self._shown_at = self._stated_at = 0.0
        self._state: dict[str, Any] | None = None
        self._pause: float | None = None
        self._listener = Listener(job.pk)

    @property
    def is_paused(self) -> bool:
        return self._pause is not None

    def progress(self, progress: Progress) -> None:
        self._job.frames_total = progress.frames_total
        if progress.stage == "loading":
            self._next = progress.frames_done
        if progress.stage == "finishing":
            self.flush()
        if self.live:
            # Its pictures are shown with what they were made with.
            progress = replace(progress, preview_jpeg=None)
        super().progress(progress)

    def commands(self, after: int) -> Sequence[Command]:
        self._settle()
        if time.monotonic() - self._recorded_at >= _RECORD_SECONDS:
            self._keep_records()
        due = self._ask(lambda: to_be_read(self._job, after=after, frame=self._next)) or []
        self._read.update({command.number: (command.kind, self._next) for command in due})
        return due

    def applied(self, acks: Sequence[Ack]) -> None:
        for ack in acks:
            kind, frame = self._read.get(ack.number, ("", max(ack.frame, self._next)))
            self._unsettled.append(Read(ack, frame))
            if ack.refused is None and kind in _TURNING_BACK:
                self._turn_back(ack.frame)
            if ack.refused is None and kind == "resume":
                self._go_on()
        self._settle()
        self._show(self._keep_state)

    def paused(self, frame: int) -> bool:
        now = time.monotonic()
        self._pulse.beat()
        if self._pause is None:
            self._pause = now
            self._keep_thumbnails()
            self._keep_records()
            self._show(show_pause, self._job, frame, paused=True)
        left = self._pause + settings.PAUSE_SECONDS - now
        if left <= 0 or self._stopping.is_set() or self.lost:
            return False
        pause = min(left, LONGEST_WAIT)
        if not self._listener.wait(pause):
            self._stopping.wait(pause)
        return True

    def frame(self, index: int, record: Mapping[str, Any], pictures: FramePictures) -> None:
        if self.lost:
            return
        self._go_on()
        # The newest frame is shown again for a pause, as it is; in a loop it is made anew.
        if index < self._next - 1 or (index == self._next - 1 and self._newest not in (None, record)):
            self._turn_back(index)
        if index >= self._next:
            self._next, self._newest = index + 1, record
            self._records.append({**record, "frame": index})
            if time.monotonic() - self._recorded_at >= _RECORD_SECONDS:
                self._keep_records()
        self._thumbnails[index] = pictures.thumbnail
        now = time.monotonic()
        if pictures.preview is not None or now - self._shown_at >= _SHOW_SECONDS:
            self._shown_at = now
            self._keep_thumbnails()
            self._show(show_made, self._job, index, record, pictures.preview)
        if self._moves and now - self._stated_at >= _STATE_SECONDS:
            self._show(self._keep_state)

    def flush(self) -> None:
        """Write what is left to be written; what the database doesn't take now comes with the next attempt."""
        self._keep_thumbnails()
        self._keep_records()
        self._settle()

    def finish(self) -> None:
        """As ``flush``, before the row is told that the film is done: raises what the database raises, so that nothing
        that was applied is taken for refused.
        """
        self._unasked_until = 0.0
        self.flush()
        if self._unsettled:
            settle(self._job, self._unsettled, lease_id=self._lease_id)
            self._unsettled.clear()

    def close(self) -> None:
        self._listener.close()

    def _go_on(self) -> None:
        if self._pause is None:
            return
        stood, self._pause = time.monotonic() - self._pause, None
        self.paused_seconds += stood
        if self._start is not None:
            began, frames = self._start
            self._start = (began + stood, frames)
        if not self.lost:
            self._show(show_pause, self._job, self._next, paused=False)

    def _turn_back(self, count: int) -> None:
        """Only the first ``count`` frames are left."""
        had, self._next = self._next, count
        self.rewound, self._start = True, None
        self._thumbnails = {frame: jpeg for frame, jpeg in self._thumbnails.items() if frame < count}
        self._records = [record for record in self._records if record["frame"] < count]
        self._wrote(lambda: cut_records(self._job, count))
        self._show(show_rewind, self._job, count, had)

    def _wrote(self, write: Callable[[], object]) -> bool:
        """Whether the database took it. What a worker writes that has lost its lease is of no use to anybody."""

        def attempt() -> bool:
            if self._job.held(self._lease_id).exists():
                write()
            return True

        return self._ask(attempt) is True

    def _settle(self) -> None:
        acks = list(self._unsettled)
        if acks and self._wrote(lambda: settle(self._job, acks, lease_id=self._lease_id)):
            del self._unsettled[: len(acks)]

    def _keep_records(self) -> None:
        self._recorded_at = time.monotonic()
        if self._records and self._wrote(self._write_records):
            self._records.clear()

    def _write_records(self) -> None:
        first = self._records[0]["frame"]
        if not self._filled and (known := known_records(self._job)) < first:
            keep_records(self._job, self._on_disk(known, first))
        self._filled = True
        keep_records(self._job, self._records)

    def _keep_thumbnails(self) -> None:
        if self._thumbnails:
            self._show(keep_thumbnails, self._job.pk, self._thumbnails)
            self._thumbnails = {}

    def _on_disk(self, start: int, end: int) -> list[dict[str, Any]]:
        """What an earlier attempt, or the render that this one goes on from, has written down of its frames."""
        with (self.work_dir / "frames" / "frames.jsonl").open("rb") as table:
            return [orjson.loads(line) for line in islice(table, start, end)]

    @property
    def _moves(self) -> bool:
        state = self._state
        if state is None:
            return True
        moving = [*state["live"].values(), *state["bindings"].values(), state["prompt"]]
        return any(part["frames_left"] for part in moving)

    def _keep_state(self) -> None:
        self._stated_at = time.monotonic()
        state = shown_state(live_state(self.work_dir / "state"))
        if state != self._state and not self.lost and self._wrote(lambda: keep_state(self._job, state)):
            self._state = state
