"""Signs of life of a program: a file whose time says until when the next one is due."""

import time
from contextlib import suppress
from pathlib import Path

START_SECONDS = 300.0
"""In which a program gives its first sign, on a small, busy machine."""


def heartbeat_file(data_dir: Path, name: str) -> Path:
    return data_dir / "heartbeats" / name


class HeartbeatWatch:
    """Watches one run of a program after the other by its files, one for each of its parts: none may be late."""

    def __init__(self, *files: Path):
        self._due = dict.fromkeys(files, 0.0)

    def begin(self) -> None:
        """The program starts now; what an earlier run left tells nothing."""
        for file in self._due:
            file.unlink(missing_ok=True)
            self._due[file] = time.time() + START_SECONDS

    def is_late(self) -> bool:
        for file in self._due:
            with suppress(FileNotFoundError):
                self._due[file] = file.stat().st_mtime
        return time.time() > min(self._due.values())
