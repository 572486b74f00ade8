"""PostgreSQL and Redis for one test session, in a temporary folder that goes with it.

``python -m config.stack.testing manage.py ...`` runs a single command with them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from config.stack.postgres import Postgres
from config.stack.redis import Redis
from config.stack.server import EmbeddedServer


class TestStack:
    """Points the environment at servers of its own; a preset DATABASE_URL or REDIS_URL is left alone and used.

    Make it before Django's settings are loaded. ``durable``: whether PostgreSQL waits for the disk, as in service.
    """

    __test__ = False

    def __init__(self, *, durable: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="studio-test-"))
        os.environ["STUDIO_DATA_DIR"] = str(self._folder)
        self._servers: list[EmbeddedServer] = []
        self._named: list[str] = []
        if "DATABASE_URL" not in os.environ:
            self._servers.append(Postgres(self._folder / "postgres", durable=durable))
            os.environ["DATABASE_URL"] = self._servers[-1].url
            self._named.append("DATABASE_URL")
        if "REDIS_URL" not in os.environ:
            self._servers.append(Redis(self._folder / "redis"))
            os.environ["REDIS_URL"] = self._servers[-1].url
            self._named.append("REDIS_URL")

    def start(self) -> None:
        for server in self._servers:
            server.start()

    def withdraw(self) -> None:
        """Take the addresses back out of the environment, for child processes that make stacks of their own."""
        for server, name in zip(self._servers, self._named, strict=True):
            assert os.environ.pop(name) == server.url

    def stop(self) -> None:
        for server in reversed(self._servers):
            server.stop()

    def remove(self) -> None:
        shutil.rmtree(self._folder)


def main() -> int:
    stack = TestStack()
    try:
        stack.start()
        return subprocess.run([sys.executable, *sys.argv[1:]]).returncode
    finally:
        stack.stop()
        stack.remove()


if __name__ == "__main__":
    sys.exit(main())
