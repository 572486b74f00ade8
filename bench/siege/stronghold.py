"""The studio that is besieged: ``manage.py serve`` on a folder of its own, and its programs by name."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

import psutil
from dotenv import dotenv_values

ROOT = Path(__file__).parents[2]
_STARTED = re.compile(r"^(\S+).*started \(process (\d+)\)")
_ENDED = re.compile(r"^(\S+).*ended by itself")


class Stronghold:
    """A context manager. ``pids`` has what runs right now, by the names of the supervisor."""

    def __init__(self, folder: Path, *, workers: int) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self.folder = folder
        self.pids: dict[str, int] = {}
        self.log = folder / "serve.log"
        (folder / "tmp").mkdir()
        self._ready = threading.Event()
        environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(self.port), "--workers", str(workers)],
            cwd=ROOT,
            env={
                **environment,
                "STUDIO_DATA_DIR": str(folder / "data"),
                "THROTTLE": "off",
                "FILE_UPLOAD_TEMP_DIR": str(folder / "tmp"),
                "LEASE_SECONDS": "10",
                "REAP_INTERVAL_SECONDS": "2",
                "PYTHONUNBUFFERED": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, name="serve-log", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        while not self._ready.wait(0.2):
            if self.process.poll() is not None:
                raise SystemExit(f"serve did not start:\n{self.log.read_text()[-3000:]}")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self._reader.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self, name: str, number: signal.Signals) -> bool:
        """Send a program a signal; False when it is down already."""
        pid = self.pids.get(name)
        try:
            if pid is None:
                return False
            os.kill(pid, number)
            return True
        except ProcessLookupError:
            return False

    def alive(self) -> list[str]:
        return sorted(name for name, pid in self.pids.items() if psutil.pid_exists(pid))

    def enter(self) -> None:
        """Make this process one of the studio's, for looks at its database."""
        os.environ |= {
            name: value for name, value in dotenv_values(self.folder / "data" / "stack.env").items() if value
        }
        os.environ |= {"STUDIO_DATA_DIR": str(self.folder / "data"), "DJANGO_SETTINGS_MODULE": "config.settings"}
        import django

        django.setup()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.log.open("w") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                if match := _STARTED.search(line):
                    self.pids[match[1]] = int(match[2])
                elif match := _ENDED.search(line):
                    self.pids.pop(match[1], None)
                elif "is ready:" in line:
                    self._ready.set()
