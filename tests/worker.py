"""A real worker in a process of its own, on the test session's database, Redis and data folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Self
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db import connection

from tests import zygote
from tests.patience import PAUSE_SECONDS, Patience
from tests.waiting import until_ended

START_SECONDS = 180.0
"""Importing torch takes long on a machine that is busy with other tests."""
STOP_SECONDS = 60.0


class WorkerProcess:
    """``manage.py render_worker``, or another. Make it when the test database exists; a context manager.

    A render worker is forked from a process that has its libraries already (``tests.zygote``).
    """

    def __init__(
        self, *arguments: str, command: str = "render_worker", environment: Mapping[str, str] | None = None
    ) -> None:
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        full = {**os.environ, **addresses(), **(environment or {})}
        self.process = (
            zygote.start([command, *arguments], full)
            if command == "render_worker"
            else subprocess.Popen(
                [sys.executable, "manage.py", command, *arguments],
                cwd=settings.BASE_DIR,
                env=full,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        self._reader = threading.Thread(target=self._read, name="worker-output", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def until(self, pattern: str, seconds: float = START_SECONDS) -> re.Match[str]:
        """The first line, past or to come, that matches. Fails when the output ends, or the time."""
        patience = Patience(seconds)
        with self._changed:
            while not (match := self._find(pattern)) and not self._ended and not patience.exhausted:
                self._changed.wait(PAUSE_SECONDS)
        assert match, f"No line of the worker matches {pattern!r} in:\n" + "\n".join(self.lines)
        return match

    def until_listening(self) -> Self:
        self.until(r"Listening on")
        return self

    def wait(self, seconds: float = START_SECONDS) -> int:
        """The exit status of a worker that ends by itself (``--burst``)."""
        until_ended(self.process.pid, seconds)
        self._close()
        return self.process.wait()

    def kill(self) -> None:
        """As if the power went: no chance to give anything back."""
        self.process.kill()
        self.wait(STOP_SECONDS)

    def stop(self) -> None:
        """As ``serve`` stops it: the render in progress goes back to the queue."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.wait(STOP_SECONDS)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip())
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _find(self, pattern: str) -> re.Match[str] | None:
        return next((match for line in self.lines if (match := re.search(pattern, line))), None)

    def _close(self) -> None:
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


def addresses() -> dict[str, str]:
    """The test database in place of the one it was made beside."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + quote(connection.settings_dict["NAME"]))
    return {
        "DATABASE_URL": database.geturl(),
        "SECRET_KEY": settings.SECRET_KEY,
        "PYTHONUNBUFFERED": "1",
        # A tiny model gains nothing from threads, which only wait for each other beside a test suite.
        "OMP_NUM_THREADS": "1",
    }
