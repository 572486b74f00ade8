"""The bell that wakes a worker whose render is paused. It may be missed: the rows are looked at in any case."""

from __future__ import annotations

import logging

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.platform.redis_link import client

logger = logging.getLogger(__name__)

_KEPT_SECONDS = 60
LONGEST_WAIT = 1.0


def ring(job_id: int) -> None:
    """Say that there is something new for the render's worker."""
    try:
        with client().pipeline(transaction=False) as pipe:
            pipe.rpush(_key(job_id), 1)
            pipe.ltrim(_key(job_id), -1, -1)
            pipe.expire(_key(job_id), _KEPT_SECONDS)
            pipe.execute()
    except redis.RedisError:
        logger.warning("Redis did not ring for render %s", job_id)


class Listener:
    """Waits for the bell of one render."""

    def __init__(self, job_id: int) -> None:
        self._key = _key(job_id)
        # Its commands wait, which the process' own client would take for silence.
        self._redis = redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=LONGEST_WAIT + settings.REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def wait(self, seconds: float) -> bool:
        """Until it rings, at most so long, and LONGEST_WAIT. False at once when Redis is away: wait in another way."""
        try:
            self._redis.blpop([self._key], timeout=min(seconds, LONGEST_WAIT))
            return True
        except redis.RedisError:
            return False

    def close(self) -> None:
        self._redis.close()


def _key(job_id: int) -> str:
    return f"steering:{job_id}"
