"""What the embedded servers have in common: a folder, a program, a URL, and how to wait for them."""

import subprocess
import time
from abc import ABC, abstractmethod

from config.stack.programs import Program

READY_SECONDS = 60.0
"""Covers crash recovery on a slow disk."""
POLL_SECONDS = 0.02


class EmbeddedServer(ABC):
    """A server whose ``url`` is known before it runs.

    Under a supervisor: ``prepare``, run ``program``, wait for ``is_ready``, ``bootstrap``.
    By itself: ``start``, ``stop``.
    """

    name: str
    url: str
    _process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def program(self) -> Program:
        """The server as a foreground program."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Ask the server once."""

    def prepare(self) -> None:  # noqa: B027 - most servers need nothing
        """What must be done before its first start. Raises RuntimeError if that fails."""

    def bootstrap(self) -> None:  # noqa: B027 - most servers need nothing
        """What must be done once it answers."""

    def start(self) -> None:
        """Run it as a child of the calling thread until it answers. Raises RuntimeError when it does not."""
        self.prepare()
        self._process = self.program().start()
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.name} stopped with status {self._process.returncode}.")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer.")
            time.sleep(POLL_SECONDS)
        self.bootstrap()

    def stop(self) -> None:
        if self._process is not None:
            self.program().stop(self._process)
            self._process = None
