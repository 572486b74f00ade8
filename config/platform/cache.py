"""The caches: ``default`` in Redis, which may go away at any time, and ``durable`` in PostgreSQL.

``default`` holds what can be had again: without Redis it is empty, and nothing that it decorates fails. What must be
remembered, because a login or a mail depends on it, is kept in ``durable``.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.core.cache import cache, caches
from django.core.cache.backends import redis
from django.utils.connection import ConnectionProxy
from redis import Redis
from redis.exceptions import ConnectionError, RedisError, TimeoutError

from config.platform.redis_link import client

logger = logging.getLogger(__name__)

durable = ConnectionProxy(caches, "durable")

R = TypeVar("R")


def kept_figures(key: str, read: Callable[[], R]) -> R:
    """Sums over many rows, as they were up to ``FIGURES_SECONDS`` ago: pages look at them again and again."""
    key = f"figures:{key}"
    kept: R | None = cache.get(key) if settings.FIGURES_SECONDS else None
    if kept is not None:
        return kept
    found = read()
    if settings.FIGURES_SECONDS:
        cache.set(key, found, settings.FIGURES_SECONDS)
    return found


F = TypeVar("F", bound=Callable[..., object])


class LinkedRedisClient(redis.RedisCacheClient):
    """Commands of Django's cache over the process' own link."""

    def get_client(self, key: object = None, *, write: bool = False) -> Redis:
        return client()


def _or(missing: Callable[..., object]) -> Callable[[F], F]:
    """What the method answers instead when Redis does not: ``missing``, called with the same arguments."""

    def decorate(method: F) -> F:
        @functools.wraps(method)
        def resilient(self: object, *args: object, **options: object) -> object:
            try:
                return method(self, *args, **options)
            except RedisError as error:
                # The link tells of an outage, once; what else Redis refuses (a full memory) is told here.
                if not isinstance(error, ConnectionError | TimeoutError):
                    logger.warning("The cache did not %s: %s", method.__name__, error)
                return missing(*args, **options)

        return resilient  # type: ignore[return-value]

    return decorate


def _default(key: object, default: object = None, version: object = None) -> object:
    return default


def _none(*args: object, **options: object) -> None:
    return None


def _false(*args: object, **options: object) -> bool:
    return False


def _empty(*args: object, **options: object) -> dict[object, object]:
    return {}


def _all_keys(data: dict[object, object], *args: object, **options: object) -> list[object]:
    return list(data)


def _missing_key(key: object, *args: object, **options: object) -> object:
    # What Django's caches raise for a key that is not there.
    raise ValueError(f"Key {key!r} not found")


class RedisCache(redis.RedisCache):
    """Django's Redis cache, which is empty while Redis is away: reads find nothing, writes store nothing.

    ``add`` answers False then, as Django has it for what was not stored.
    """

    def __init__(self, server: str, params: dict[str, object]) -> None:
        super().__init__(server, params)
        self._class = LinkedRedisClient

    @property
    def _client(self) -> Redis:
        """Where django-rq looks for the connection of ``USE_REDIS_CACHE``."""
        return client()

    add = _or(_false)(redis.RedisCache.add)
    get = _or(_default)(redis.RedisCache.get)
    set = _or(_none)(redis.RedisCache.set)
    touch = _or(_false)(redis.RedisCache.touch)
    delete = _or(_false)(redis.RedisCache.delete)
    get_many = _or(_empty)(redis.RedisCache.get_many)
    has_key = _or(_false)(redis.RedisCache.has_key)
    incr = _or(_missing_key)(redis.RedisCache.incr)
    set_many = _or(_all_keys)(redis.RedisCache.set_many)
    delete_many = _or(_none)(redis.RedisCache.delete_many)
    clear = _or(_false)(redis.RedisCache.clear)
