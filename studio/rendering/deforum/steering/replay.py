"""Total recall: rows as they were recorded, in the place of what the settings say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from studio.rendering.deforum.parameters import FrameParameters, Row, row_from_record
from studio.rendering.deforum.steering.live import LiveState, Replaying
from studio.rendering.deforum.steering.prompting import LivePrompt
from studio.rendering.deforum.steering.table import MOVEMENT_GROUPS, STEERABLE
from studio.rendering.errors import RenderError
from studio.rendering.media import durable

_MOVEMENTS = {
    *(name for name, parameter in STEERABLE.items() if parameter.group in MOVEMENT_GROUPS),
    *("transform_center_x", "transform_center_y", "aspect_ratio_schedule"),
    *("perspective_flip_theta", "perspective_flip_phi", "perspective_flip_gamma", "perspective_flip_fv"),
}


class Recall:
    """The recorded rows of one range, kept in a file beside the checkpoint."""

    def __init__(self, range_: Replaying, folder: Path) -> None:
        self.range = range_
        self._records = _read(range_, folder)

    def row(self, scheduled: FrameParameters) -> FrameParameters:
        """What stands in the settings' place at their row's frame."""
        record = self._records.get(scheduled.frame)
        if record is None or not self.range.start <= scheduled.frame <= self.range.end:
            return scheduled
        recorded = row_from_record(record, scheduled)
        movements, others = self.range.movements, self.range.others
        values = {
            name: recorded.values[name] if (movements if name in _MOVEMENTS else others) else value
            for name, value in scheduled.values.items()
        }
        return replace(
            scheduled,
            values=values,
            names=recorded.names if others else scheduled.names,
            prompt=recorded.prompt if self.range.prompts else scheduled.prompt,
            units=recorded.units if others else scheduled.units,
        )

    def seed(self, frame: int) -> int | None:
        """The seed that a frame was diffused with, where the seeds are replayed."""
        record = self._records.get(frame) if self.range.others else None
        inside = self.range.start <= frame <= self.range.end
        return int(record["seed"]) if record and inside and record["diffused"] else None


def keep(range_: Replaying, records: Sequence[Row], folder: Path) -> None:
    """Write down what a replay needs, before the frames are dropped; durable on return."""
    lines = "".join(json.dumps(dict(record), separators=(",", ":")) + "\n" for record in records)
    folder.mkdir(parents=True, exist_ok=True)
    durable.write(_file(range_, folder), lines.encode())


def drop_others(live: LiveState | None, folder: Path) -> None:
    """Remove what replays of before needed."""
    kept = _file(live.replaying, folder) if live and live.replaying else None
    for path in folder.glob("replay-*.jsonl"):
        if path != kept:
            path.unlink()


def begun(live: LiveState, range_: Replaying) -> LiveState:
    """The state that a replay starts with: what is replayed is live no more, and new commands act on top of it."""
    overrides = {
        name: override
        for name, override in live.overrides.items()
        if not (range_.movements if name in _MOVEMENTS else range_.others)
    }
    return replace(live, replaying=range_, overrides=overrides, prompt=LivePrompt() if range_.prompts else live.prompt)


def _read(range_: Replaying, folder: Path) -> dict[int, Row]:
    try:
        records = [json.loads(line) for line in _file(range_, folder).read_bytes().splitlines()]
        return {int(record["frame"]): record for record in records}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RenderError("The recorded values can't be read.", code="invalid_checkpoint") from error


def _file(range_: Replaying, folder: Path) -> Path:
    return folder / f"replay-{range_.number}.jsonl"
