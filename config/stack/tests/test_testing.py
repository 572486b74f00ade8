"""The servers of a test session: ours by default, the environment's when it names some."""

import os
from contextlib import closing

import psycopg
import pytest
import redis

from config.stack.testing import TestStack


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # Restores what a stack writes.
    for name in ("STUDIO_DATA_DIR", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "restored afterwards")


def test_named_servers_are_used_and_no_other_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/studio")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere:6379/0")
    stack = TestStack()
    stack.start()
    stack.stop()
    assert os.listdir(os.environ["STUDIO_DATA_DIR"]) == []
    assert os.environ["DATABASE_URL"] == "postgres://elsewhere/studio"
    assert os.environ["REDIS_URL"] == "redis://elsewhere:6379/0"
    stack.remove()


def test_unnamed_servers_are_started_and_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")
    stack = TestStack()
    stack.start()
    with (
        closing(psycopg.connect(os.environ["DATABASE_URL"])) as connection,
        closing(redis.Redis.from_url(os.environ["REDIS_URL"])) as client,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert client.ping()
    stack.stop()
    stack.remove()
    assert not os.path.exists(os.environ["STUDIO_DATA_DIR"])
