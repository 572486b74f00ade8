"""Programs that do the same again and again, and outlive whatever fails in between."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import connection

from config.platform.heartbeat import Pulse
from config.stack.signals import stop_event

logger = logging.getLogger(__name__)


def run_rounds(
    name: str, work: Callable[[Pulse], None], *, pause: float, stopped: threading.Event | None = None
) -> None:
    """Work, rest for ``pause`` seconds, and again, until ``stopped``.

    Without such an event it is SIGTERM or Ctrl-C that stops; call it in the main thread then. A round that fails is
    logged; the next one begins on another connection to the database.
    """
    stopped = stopped or stop_event()
    with Pulse(name) as pulse:
        while not stopped.is_set():
            pulse.beat()
            attempt(name, work, pulse)
            # Back to the pool, which checks it before it is used again.
            connection.close()
            pulse.beat(seconds=pause)
            stopped.wait(pause)


def attempt(what: str, work: Callable[..., object], *arguments: object) -> object:
    """What the work answers; None when it failed, which is logged and costs at most the connection."""
    try:
        return work(*arguments)
    except Exception:
        logger.exception("%s failed; trying again later", what)
        connection.close()
        return None
