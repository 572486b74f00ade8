"""Signs of life of the processes that serve: each one's loop renews a file, whose time says when the next is due."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

START_SECONDS = 120.0
"""In which a process gives its first sign."""
ROUNDS = 4
"""Signs in the time in which one has to come."""


class Pulse:
    """``seconds``: how long a loop may stand still. Made before the processes fork off, and shared by all of them."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        self._missed: dict[int, int] = {}

    async def beat(self) -> None:
        """For as long as the process serves."""
        file = self._folder / str(os.getpid())
        while True:
            with suppress(OSError):
                # A full disk is no reason to be killed: the file is there, and only its time changes.
                file.touch()
                due = time.time() + self._seconds
                os.utime(file, (due, due))
            await asyncio.sleep(self._seconds / ROUNDS)

    def is_late(self, pid: int, age: float) -> bool:
        """Whether the sign of a process is overdue at two looks in a row: the machine may just have slept.

        age: seconds for which the process has run.
        """
        try:
            late = time.time() > (self._folder / str(pid)).stat().st_mtime
        except FileNotFoundError:
            late = age > START_SECONDS
        self._missed[pid] = self._missed.get(pid, 0) + 1 if late else 0
        return self._missed[pid] > 1

    def forget(self, pid: int) -> None:
        self._missed.pop(pid, None)
        (self._folder / str(pid)).unlink(missing_ok=True)
