"""The web server as ``serve`` runs it, in a process of its own, on the test's database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Self

from django.conf import settings

from tests.waiting import until, until_ended
from tests.worker import addresses


class WebServer:
    """``config.rsgi`` under Granian. A context manager."""

    def __init__(self, **environment: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        command = ["granian", "--interface", "rsgi", "--port", str(self.port), "--log-level", "error", "--no-ws"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command, "config.rsgi:application"],
            cwd=settings.BASE_DIR,
            env={**os.environ, **addresses(), "THROTTLE": "off", **environment},
        )

    def __enter__(self) -> Self:
        until(self._answers, "web server", seconds=180)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        until_ended(self.process.pid)
        self.process.wait()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port))

    def _answers(self) -> bool:
        assert self.process.poll() is None, "the web server ended"
        try:
            self.connect().close()
        except ConnectionError:
            return False
        return True
