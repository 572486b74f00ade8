"""This process' link to Redis: short time-outs, one retry, and a pause for everybody once Redis does not answer.

Redis is the truth of nothing, so nobody waits for it. Whoever finds it gone or silent opens the pause, in which every
call of the process fails at once with ``redis.ConnectionError``; after it one caller tries again. An outage costs
one time-out every ``PAUSE_SECONDS``, however many ask, and two lines in the log.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.platform.transactions import ensure_outside_transaction

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 2.0
SILENCE_SECONDS = 3.0
"""A process that asked nothing for this long may have slept through an outage."""

T = TypeVar("T")

_making = threading.Lock()


def client() -> redis.Redis:
    """The client of everybody but those who wait for work. It is thread-safe and survives a fork.

    One for all: setting up a client takes longer than most commands do.
    """
    # Of two made at once one would be thrown away, and its connections be closed under whoever reads from them.
    with _making:
        return _client()


@functools.cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=settings.REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
        retry=_GuardedRetry(),
        redis_connect_func=_meet,
    )


def waiting_client() -> redis.Redis:
    """A client for a worker, whose commands wait in Redis for work: RQ sets its time-out and comes back by itself."""
    return redis.Redis.from_url(settings.REDIS_URL, retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)))


class Link:
    """What the process knows of Redis."""

    def __init__(self) -> None:
        self.era = 0
        """Grows whenever the process may have missed something: a new connection, a failure, a long silence."""
        self._answered_at = -float("inf")
        self._away = False
        self._try_at = 0.0
        self._lock = threading.Lock()

    @property
    def away(self) -> bool:
        """Whether the last call got no answer."""
        return self._away

    def enter(self) -> None:
        """Before a call. Raises redis.ConnectionError in the pause; after it, the first caller goes to try."""
        if not self._away:
            return
        with self._lock:
            now = time.monotonic()
            if self._away and now < self._try_at:
                raise redis.ConnectionError("Redis is away; nobody asks it for a moment")
            self._try_at = now + PAUSE_SECONDS

    def lost(self, error: Exception) -> None:
        with self._lock:
            if not self._away:
                logger.warning("Redis does not answer; going on without it: %s", error)
            self._away = True
            self._try_at = time.monotonic() + PAUSE_SECONDS
            self.era += 1

    def doubt(self) -> None:
        """Something may have been missed."""
        with self._lock:
            self.era += 1

    def answered(self) -> None:
        before, self._answered_at = self._answered_at, time.monotonic()
        if self._answered_at - before > SILENCE_SECONDS:
            self.doubt()
        if self._away:
            with self._lock:
                self._away = False
            logger.warning("Redis answers again")


link = Link()
_inside = threading.local()


class _GuardedRetry(Retry):
    """Asks the link before each call and tells it how the call went.

    A connection that broke is made anew once, since Redis may just have been restarted. Silence is waited for once.
    A connection that another thread closed is a broken one.
    """

    def __init__(self) -> None:
        super().__init__(NoBackoff(), 1, (redis.ConnectionError,))

    def call_with_retry(
        self,
        do: Callable[[], T],
        fail: Callable[[Exception], object] | Callable[[Exception, int], object],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> T:
        # A command on a fresh connection connects within the call; that is one attempt.
        if getattr(_inside, "call", False):
            return super().call_with_retry(do, fail, is_retryable, with_failure_count)
        ensure_outside_transaction("Asking Redis")
        link.enter()
        _inside.call = True
        try:
            answer = super().call_with_retry(functools.partial(_ask, do), fail, is_retryable, with_failure_count)
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            link.lost(error)
            raise
        finally:
            _inside.call = False
        link.answered()
        return answer


def _ask(do: Callable[[], T]) -> T:
    try:
        return do()
    except (ValueError, AttributeError) as error:
        # What redis-py stumbles over when buffer and socket are gone while it reads.
        if "closed file" in str(error) or "'NoneType'" in str(error):
            raise redis.ConnectionError("The connection was closed while it was in use") from error
        raise


def _meet(connection: redis.Connection) -> None:
    link.doubt()
    connection.on_connect()
