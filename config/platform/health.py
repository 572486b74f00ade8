"""Is each part of the product up? Public, so it tells no more than that, and costs no more than a look."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import Final, Generic, TypeVar

import django_rq
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection

from config.platform.heartbeat import programs_alive
from config.platform.hooks import hook_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

ANSWER_SECONDS = 3.0
"""A service that takes longer is down."""


class Probe(Generic[T]):
    """One question, asked at most every ``seconds`` and by one thread, whoever wants to know."""

    def __init__(self, name: str, ask: Callable[[], T], *, seconds: float, failed: T) -> None:
        self._name, self._ask, self._seconds, self._failed = name, ask, seconds, failed
        self._lock = threading.Lock()
        self._answer: Future[T] | None = None
        self._old_at = 0.0

    def begin(self) -> Future[T]:
        """The answer, which may be on its way or some seconds old."""
        with self._lock:
            if self._answer is None or (self._answer.done() and time.monotonic() > self._old_at):
                self._answer = Future()
                threading.Thread(target=self._run, args=(self._answer,), name=self._name, daemon=True).start()
            return self._answer

    def read(self, answer: Future[T]) -> T:
        """What came in time."""
        return answer.result() if answer.done() else self._failed

    def _run(self, answer: Future[T]) -> None:
        found = self._failed
        try:
            found = self._ask()
        except Exception as error:  # noqa: BLE001 - whatever a broken service raises, the answer is the same
            logger.warning("%s does not answer: %s", self._name, error)
        finally:
            # Back to the pool.
            connection.close()
            self._old_at = time.monotonic() + self._seconds
            answer.set_result(found)


def service_states(names: Sequence[str] = ()) -> dict[str, bool]:
    """These services, or all, and whether they answer; they are asked at once."""
    asked = {name: services[name].begin() for name in names or services}
    wait(asked.values(), timeout=ANSWER_SECONDS)
    return {name: services[name].read(answer) for name, answer in asked.items()}


def program_states() -> dict[str, bool]:
    """The background programs that ran lately, and whether they get on; none while the database is away."""
    asked = _PROGRAMS.begin()
    wait([asked], timeout=ANSWER_SECONDS)
    return _PROGRAMS.read(asked)


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _redis() -> bool:
    return bool(django_rq.get_connection(settings.RENDER_QUEUES[0]).ping())


def _storage() -> bool:
    default_storage.exists("health")
    return True


def plug_service(name: str, ask: Callable[[], bool], *, seconds: float) -> None:
    """Have the service shown, and asked at most every ``seconds``. ``ask`` may raise what it likes when it is down."""
    services.plug(name, Probe(f"The service {name}", ask, seconds=seconds, failed=False))


services: Final = hook_of("services", Probe, "What the status page shows, by name.")
plug_service("database", _database, seconds=0.5)
plug_service("redis", _redis, seconds=0.5)
plug_service("storage", _storage, seconds=5)
_PROGRAMS: Probe[dict[str, bool]] = Probe("The programs' heartbeats", programs_alive, seconds=1, failed={})
ESSENTIAL = ("database", "storage")
"""Without these the API can't serve; without Redis it is slower, and without workers renders wait."""
