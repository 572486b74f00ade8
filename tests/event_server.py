"""A real event server beside a web server, as ``serve`` runs them, and clients that follow events."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import orjson
import requests
from django.conf import settings

from tests.patience import FOREVER_SECONDS
from tests.waiting import until, until_ended
from tests.web_server import WebServer
from tests.worker import addresses


class EventServer:
    """``config.streams`` on the test's database, and a web server that passes it connections. A context manager."""

    def __init__(self, **environment: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="studio-events-")
        self.socket = Path(self._folder.name) / "events.sock"
        self._environment = {"EVENTS_SOCKET": str(self.socket), **environment}
        self.web = WebServer(environment=self._environment)
        self.process = self._start()
        self.url = self.web.url

    def __enter__(self) -> Self:
        self.web.__enter__()
        self.until_it_takes_streams()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.web.__exit__()
        self._folder.cleanup()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        until_ended(self.process.pid)
        self.process.wait()

    def restart(self) -> None:
        self.process = self._start()
        self.until_it_takes_streams()

    def until_it_takes_streams(self) -> None:
        until(self.socket.exists, "event server")

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "config.streams"],
            cwd=settings.BASE_DIR,
            env={**os.environ, **addresses(), **self._environment},
        )

    @contextmanager
    def following(self, token: str, path: str = "/api/events", **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
        """The events of an open stream, its ``ready`` first."""
        sent = {
            "Authorization": f"Bearer {token}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        with requests.get(f"{self.url}{path}", headers=sent, stream=True, timeout=FOREVER_SECONDS) as response:
            assert response.status_code == 200, response.text
            assert response.headers["Content-Type"].startswith("text/event-stream")
            yield events_of(response.iter_lines(chunk_size=1))


def events_of(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """Parsed server-sent events: ``id``, ``event``, ``data``; comments and ``retry`` are passed over."""
    event: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.decode().partition(": ")
        if name == "data":
            event["data"] = orjson.loads(value)
        elif name in ("id", "event"):
            event[name] = value
        elif not line and "event" in event:
            yield event
            event = {}
