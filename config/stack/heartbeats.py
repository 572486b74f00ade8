"""Signs of life of a program: a file whose time says until when the next one is due."""

import time
from contextlib import suppress
from pathlib import Path

START_SECONDS = 300.0
"""In which a program gives its first sign, on a small, busy machine."""


def heartbeat_file(data_dir: Path, name: str) -> Path:
    return data_dir / "heartbeats" / name


class HeartbeatWatch:
    """Watches one run of a program after the other by its file."""

    def __init__(self, file: Path):
        self._file = file
        self._due = 0.0

    def begin(self) -> None:
        """The program starts now; what an earlier run left tells nothing."""
        self._file.unlink(missing_ok=True)
        self._due = time.time() + START_SECONDS

    def is_late(self) -> bool:
        with suppress(FileNotFoundError):
            self._due = self._file.stat().st_mtime
        return time.time() > self._due
