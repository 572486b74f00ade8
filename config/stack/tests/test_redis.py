"""The embedded Redis: what was acknowledged survives, and django-rq takes its URL."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest
import redis
from django_rq.queues import get_redis_connection
from rq import Queue, SimpleWorker

from config.stack.folders import SOCKET_PATH_BYTES
from config.stack.redis import Redis


@pytest.fixture
def server(tmp_path: Path):
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


def test_data_survives_a_restart(server: Redis) -> None:
    with closing(redis.Redis.from_url(server.url)) as client:
        client.rpush("queue", "job")
    server.stop()
    server.start()
    with closing(redis.Redis.from_url(server.url)) as client:
        assert client.lrange("queue", 0, -1) == [b"job"]


def test_a_queue_of_django_rq_works_over_its_url(server: Redis) -> None:
    with closing(get_redis_connection({"URL": server.url})) as connection:
        queue = Queue("high", connection=connection)
        job = queue.enqueue(len, "four")
        SimpleWorker([queue], connection=connection).work(burst=True)
        assert job.return_value() == 4


@pytest.mark.parametrize("name", [("deep" * SOCKET_PATH_BYTES)[:SOCKET_PATH_BYTES], "two words"])
def test_a_folder_whose_path_no_socket_can_have_works(tmp_path: Path, name: str) -> None:
    server = Redis(tmp_path / name / "redis")
    server.start()
    try:
        with closing(redis.Redis.from_url(server.url)) as client:
            assert " " not in server.url
            assert client.client_list()
    finally:
        server.stop()
        shutil.rmtree(server.socket.parent)
