"""How long a test waits: in time that what it awaits could have had the processor, not in time of the clock.

A limit is meant for a quiet machine of ordinary speed. Beside other work everything takes longer by as much as others
take of the processors, and on a slow machine by as much as that is slower; a limit that counts so ends what hangs, and
nothing that is only slow.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

PAUSE_SECONDS = 0.05
"""Between two looks."""
FOREVER_SECONDS = 1800.0
"""By the clock, for waits inside libraries that know no other: the test's own limit ends before that."""

_SQUARES = 50_000
_SQUARES_SECONDS = 0.008
"""Processor time in which a machine of ordinary speed adds up so many squares, at worst."""
_LOAD = Path("/proc/loadavg")


def processors_per_task() -> float:
    """The share of a processor that each runnable task of the machine has right now: at most 1."""
    runnable = int(_LOAD.read_text().split()[3].partition("/")[0]) if _LOAD.exists() else round(os.getloadavg()[0])
    return min(1.0, len(os.sched_getaffinity(0)) / max(1, runnable))


def machine_speed() -> float:
    """The speed of a processor over the ordinary; at most 1, for no limit needs to be shorter on a fast one."""
    begun = time.thread_time()
    sum(number * number for number in range(_SQUARES))
    return min(1.0, _SQUARES_SECONDS / max(time.thread_time() - begun, 1e-9))


def clock_seconds(seconds: float) -> float:
    """As long as so many seconds of patience last by the clock, if it stays as busy as it is now."""
    return seconds / (processors_per_task() * machine_speed())


class Patience:
    """So many seconds of a quiet machine, from now on. Looked at often, or it takes long looks for short ones."""

    def __init__(
        self,
        seconds: float,
        *,
        now: Callable[[], float] = time.monotonic,
        share: Callable[[], float] = processors_per_task,
    ) -> None:
        self.seconds = seconds
        self._left = seconds
        self._now = now
        self._share = share
        self._speed = machine_speed()
        self._looked = now()

    @property
    def exhausted(self) -> bool:
        now = self._now()
        self._left -= (now - self._looked) * self._share() * self._speed
        self._looked = now
        return self._left <= 0

    @property
    def spent(self) -> float:
        """Seconds so far."""
        return FOREVER_SECONDS if self.exhausted else self.seconds - self._left


class Alarm:
    """Calls ``ring`` from a thread of its own when the seconds are over, unless cancelled before."""

    def __init__(self, seconds: float, ring: Callable[[], None]) -> None:
        self._cancelled = threading.Event()
        self._patience = Patience(seconds)
        self._ring = ring
        self._thread = threading.Thread(target=self._run, name="alarm", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        self._cancelled.set()

    def _run(self) -> None:
        while not self._cancelled.wait(4 * PAUSE_SECONDS):
            if self._patience.exhausted:
                self._ring()
                return


class Stopwatch:
    """How long its block takes, in seconds of patience; a context manager that answers ``seconds`` afterwards."""

    def __enter__(self) -> Self:
        self.seconds = 0.0
        self._patience = Patience(FOREVER_SECONDS)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="stopwatch", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self.seconds = self._patience.spent

    def _look(self) -> None:
        while not self._done.wait(PAUSE_SECONDS):
            if self._patience.exhausted:
                return
