"""The event server: holds the connections that the web processes pass it, until it is told to stop.

It knows the settings and no app: who may follow what is asked and watched where it was allowed (``config.front``).
"""

import asyncio
import faulthandler
import logging
import logging.config
import os
import resource
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from config.stack.heartbeats import heartbeat_file
from config.start import read_settings
from config.streams.hub import Hub
from config.streams.passing import socket_path
from config.streams.receiving import Receiver

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
HUNG_STATUS = 70
SPARE_FILES = 256
"""Descriptors for everything but streams."""


class Pulse:
    """Signs of life: a file for ``serve``, a byte for each web process, and the end of a loop that hangs."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._file: Path = heartbeat_file(settings.DATA_DIR, "events")
        self._due = 0.0

    async def run(self) -> None:
        self._beat()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._beat()

    def _beat(self) -> None:
        self._due = time.monotonic() + settings.HEARTBEAT_SECONDS
        self._receiver.beat()
        with suppress(OSError):
            # A full disk is no reason to die.
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.touch()
            due = time.time() + settings.HEARTBEAT_SECONDS
            os.utime(self._file, (due, due))

    def _watch(self) -> None:
        while (left := self._due - time.monotonic()) > 0:
            time.sleep(left)
        logger.critical("The event server gave no sign of life in time and ends itself")
        faulthandler.dump_traceback()
        os._exit(HUNG_STATUS)


async def serve(room: int) -> None:
    """Until SIGTERM or Ctrl-C. room: for so many streams."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    hub = Hub(room)
    receiver = Receiver(hub, socket_path())
    working = {asyncio.create_task(part) for part in (*hub.parts(), Pulse(receiver).run())}
    stopping = asyncio.create_task(stopped.wait())
    everything: set[asyncio.Task[Any]] = {*working, stopping}
    try:
        ended, _ = await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
    finally:
        receiver.close()
    pending = working
    while pending:
        # More than once: redis-py can lose a cancellation in a time-out of its own.
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.2)
    await hub.close()
    for task in ended:
        task.result()


def main() -> None:
    read_settings()
    logging.config.dictConfig(settings.LOGGING)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    unlimited = files == resource.RLIM_INFINITY
    asyncio.run(serve(settings.EVENT_STREAMS if unlimited else min(settings.EVENT_STREAMS, files - SPARE_FILES)))


if __name__ == "__main__":
    main()
