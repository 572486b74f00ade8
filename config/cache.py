"""Django's Redis cache, without making a client for every command.

A redis-py client sets up 170 response parsers, which takes longer than most commands do. Clients are thread-safe: each
command takes a connection of the pool, and a forked process gets connections of its own.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends import redis


class KeptRedisClient(redis.RedisCacheClient):
    """One client for each server."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clients: dict[int, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        index = self._get_connection_pool_index(write)  # type: ignore[attr-defined]
        if index not in self._clients:
            self._clients[index] = super().get_client(key, write=write)
        return self._clients[index]


class RedisCache(redis.RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeptRedisClient
