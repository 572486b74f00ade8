"""The work folder of a render belongs to one process at a time, however many were given the job one after another."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypedDict

import psutil

from studio.rendering.errors import Cancelled
from studio.rendering.media.child import processor_seconds

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.2
_LEFTOVERS = ("*.part", "*.partial", "*.tmp")


@contextmanager
def alone_in(folder: Path, *, seconds: float, should_stop: Callable[[], bool]) -> Iterator[None]:
    """Hold the folder for the block.

    A worker that was stalled past its lease may still wake up in it, and stops at its next step: that is waited for,
    at most ``seconds``. One that has done nothing in that time, on this machine, is killed. Raises OSError (EBUSY) when
    the folder is not free then, and Cancelled.
    """
    # Not truncated: it says who holds it.
    with (folder / "lock").open("a+") as lock:
        holder = _Holder(lock)
        deadline = time.monotonic() + seconds
        while not _locked(lock):
            if should_stop():
                raise Cancelled
            holder.look()
            if time.monotonic() > deadline and not holder.end():
                raise OSError(errno.EBUSY, "Another process holds the work folder", str(folder))
            time.sleep(_PAUSE_SECONDS)
        _sign(lock)
        yield


def tidy(folder: Path) -> None:
    """Remove what an attempt left half written; finished frames stay. On a full disk every byte counts."""
    # Made anew of the frames by whoever finishes them.
    shutil.rmtree(folder / "result", ignore_errors=True)
    for pattern in _LEFTOVERS:
        for path in folder.rglob(pattern):
            with suppress(OSError):
                path.unlink()


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(lock: IO[str]) -> None:
    lock.truncate(0)
    lock.write(json.dumps(_about(os.getpid())))
    lock.flush()


def _about(pid: int) -> _About:
    """Names a process beyond doubt: numbers are used again, and containers have the same ones."""
    return {"host": socket.gethostname(), "pid": pid, "started": psutil.Process(pid).create_time()}


class _About(TypedDict):
    """A process, beyond doubt."""

    host: str
    pid: int
    started: float


class _Holder:
    """The process that holds a lock, as far as it can be known."""

    def __init__(self, lock: IO[str]) -> None:
        self._lock = lock
        self._about: _About | None = None
        self._used: float | None = None
        self._ended = False

    def look(self) -> None:
        """Note who it is, and how much it had done when it was first seen."""
        self._lock.seek(0)
        with suppress(ValueError):
            about: _About = json.loads(self._lock.read())
            if about != self._about:
                self._about = about
                self._used = processor_seconds(about["pid"]) if self._is_here() else None

    def end(self) -> bool:
        """Kill it, if it is a process of this machine that has done nothing meanwhile; answers whether it was."""
        if self._ended:
            return False
        about = self._about
        if self._used is None or about is None or not self._is_here() or processor_seconds(about["pid"]) > self._used:
            return False
        logger.error("Process %s hangs with a work folder that is no longer its own: killed", about["pid"])
        with suppress(ProcessLookupError):
            os.kill(about["pid"], 9)
        self._ended = True
        return True

    def _is_here(self) -> bool:
        with suppress(psutil.NoSuchProcess):
            return self._about is not None and _about(self._about["pid"]) == self._about
        return False
