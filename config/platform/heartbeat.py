"""Signs of life of the programs that run in the background, and the end of one that gives none.

A program says until when its next sign is due. That is kept in a row, from which the status page tells who is alive,
and as the time of a file, by which ``serve`` notices even a stopped process. The program's own watchdog ends it when
the sign is late, so that whoever started it starts it again.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import threading
import time
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from config.api.models import Heartbeat
from config.platform.commits import asynchronous
from config.stack.heartbeats import heartbeat_file

logger = logging.getLogger(__name__)

ROW_SECONDS = 2.0
"""Between two writes of the row, unless more time is asked for."""
FORGOTTEN_AFTER = timedelta(days=1)
HUNG_STATUS = 70

_UPSERT = """
INSERT INTO api_heartbeat (name, due_at) VALUES (%s, clock_timestamp() + %s * interval '1 second')
ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at
"""


class Pulse:
    """The heartbeat of one program; a context manager around all that it does."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._file = heartbeat_file(settings.DATA_DIR, name)
        self._due = self._written = self._promised = 0.0
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self.beat()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        with suppress(Error):
            # What was stopped is not down.
            Heartbeat.objects.filter(name=self._name).delete()
        connection.close()

    def beat(self, *, seconds: float = 0.0) -> None:
        """The program gets on, and will again within ``seconds`` on top of ``HEARTBEAT_SECONDS``."""
        now = time.monotonic()
        allowed = settings.HEARTBEAT_SECONDS + seconds
        self._due = now + allowed
        with suppress(OSError):
            # A full disk is no reason to die.
            self._file.touch()
            due = time.time() + allowed
            os.utime(self._file, (due, due))
        if now - self._written >= ROW_SECONDS or self._promised != seconds:
            self._written, self._promised = now, seconds
            note_alive(self._name, allowed)

    def _watch(self) -> None:
        while not self._over.wait(max(0.1, self._due - time.monotonic())):
            if time.monotonic() > self._due:
                logger.critical("%s gave no sign of life in time and ends itself", self._name)
                faulthandler.dump_traceback()
                os._exit(HUNG_STATUS)


def note_alive(name: str, seconds: float) -> None:
    """Write down that a program is alive, and when its next sign is due."""
    try:
        with asynchronous(), connection.cursor() as cursor:
            cursor.execute(_UPSERT, [name, seconds])
    except Error:
        # The file still tells the supervisor; the status page can't be read without the database anyway.
        logger.warning("The heartbeat of %s could not be written", name)
    finally:
        # Back to the pool: this may be any thread.
        connection.close()


def programs_alive() -> dict[str, bool]:
    """Each program that has run lately, and whether its sign of life is in time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, due_at > clock_timestamp() FROM api_heartbeat ORDER BY name")
        return dict(cursor.fetchall())


def forget_programs() -> int:
    """Remove those that have given no sign for long; answers how many."""
    return Heartbeat.objects.filter(due_at__lt=timezone.now() - FORGOTTEN_AFTER).delete()[0]
