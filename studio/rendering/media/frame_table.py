"""The per-frame parameter table: one JSON line a frame, with the digest of its pixels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.rendering.media import durable


def digest(frame: NDArray[np.uint8]) -> str:
    """SHA-256 of a frame's RGB bytes, in hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(frame).data).hexdigest()


class FrameTable:
    """A JSONL file that only grows at its end or is cut back; line i describes frame i."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bytes = durable.size(path)

    def append(self, start: int, records: Sequence[dict[str, object]], frames: NDArray[np.uint8]) -> None:
        """Add the records of frames ``start`` onwards, with ``frame`` and ``sha256`` added. Durable on return."""
        lines = b"".join(
            json.dumps(
                {**record, "frame": start + i, "sha256": digest(frames[i])}, separators=(",", ":"), allow_nan=False
            ).encode()
            + b"\n"
            for i, record in enumerate(records)
        )
        durable.write_at(self.path, self._bytes, lines)
        self._bytes += len(lines)

    def truncate(self, number: int) -> None:
        """Keep the first ``number`` lines."""
        with self.path.open("rb") as table:
            self._bytes = sum(len(line) for line in islice(table, number))
        durable.truncate(self.path, self._bytes)

    def read(self, start: int, end: int) -> Iterator[dict[str, object]]:
        """The records of frames ``start`` up to ``end``."""
        with self.path.open("rb") as table:
            for line in islice(table, start, end):
                yield json.loads(line)

    def digests(self) -> Iterator[str]:
        """The digest of every whole line; a line that a crash tore ends the table."""
        with self.path.open("rb") as table:
            for index, line in enumerate(table):
                try:
                    record = json.loads(line)
                except ValueError:
                    return
                if not line.endswith(b"\n") or record.get("frame") != index:
                    return
                yield record["sha256"]
