"""A real event server in a process of its own, and clients that follow it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import orjson
import requests
from django.conf import settings

from tests.patience import FOREVER_SECONDS
from tests.waiting import until, until_ended
from tests.worker import addresses


class EventServer:
    """``config.asgi`` under Granian, as compose.yaml runs it, on the test's database. A context manager."""

    def __init__(self, **environment: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = ["granian", "--interface", "asgi", "--port", str(port), "--log-level", "error", "--no-ws"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command, "config.asgi:application"],
            cwd=settings.BASE_DIR,
            env={**os.environ, **addresses(), "THROTTLE": "off", **environment},
        )

    def __enter__(self) -> Self:
        until(self._answers, "event server")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        until_ended(self.process.pid)
        self.process.wait()

    def _answers(self) -> bool:
        assert self.process.poll() is None, "the event server ended"
        try:
            return requests.get(f"{self.url}/api/events", timeout=FOREVER_SECONDS).status_code == 401
        except requests.ConnectionError:
            return False

    @contextmanager
    def following(self, token: str, **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
        """The events of an open stream, its ``ready`` first."""
        sent = {
            "Authorization": f"Bearer {token}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        with requests.get(f"{self.url}/api/events", headers=sent, stream=True, timeout=FOREVER_SECONDS) as response:
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
