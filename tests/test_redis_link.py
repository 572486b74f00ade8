"""The link to Redis among threads: one client for all, and a connection that is closed under a read is made anew."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.platform import redis_link
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("servers")

KEY = "test_redis_link"


def test_a_connection_closed_while_it_is_read_is_made_anew() -> None:
    def waiting() -> bool:
        return any(one["cmd"] == "blpop" for one in redis_link.client().client_list())

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(redis_link.client().blpop, [KEY], 5)
        until(waiting, "a command that waits for its answer")
        redis_link.client().connection_pool.disconnect()
        redis_link.client().rpush(KEY, "here")
        assert answer.result() == (KEY.encode(), b"here")
    assert not redis_link.link.away


def test_threads_that_start_at_once_share_one_client() -> None:
    redis_link._client.cache_clear()
    start = threading.Barrier(8)

    def first() -> int:
        start.wait()
        return id(redis_link.client())

    with ThreadPoolExecutor(8) as pool:
        assert len({future.result() for future in [pool.submit(first) for _ in range(8)]}) == 1
