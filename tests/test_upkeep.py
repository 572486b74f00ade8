"""The reaper, the watcher and the background worker: in one process, and each on its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import redis
import rq
from django.conf import settings
from django.utils import timezone

from config.api.models import DurableEntry
from config.platform.heartbeat import programs_alive
from config.stack.redis import Redis
from config.stack.serving import UPKEEP
from tests.waiting import until
from tests.worker import WorkerProcess

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture
def other_redis(tmp_path: Path) -> Iterator[Redis]:
    """One that may go away: the tests' own serves others, too."""
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


def queue(server: Redis) -> rq.Queue:
    return rq.Queue(settings.BACKGROUND_QUEUE, connection=redis.Redis.from_url(server.url))


def is_reaped() -> bool:
    """Whether the reaper removes what has expired from now on."""
    DurableEntry.objects.create(cache_key="old", value="", expires=timezone.now() - timedelta(days=1))
    return until(lambda: not DurableEntry.objects.filter(cache_key="old").exists(), "reaper at work")


def test_a_part_that_fails_stops_none_of_the_others(other_redis: Redis) -> None:
    other_redis.stop()
    environment = {"REDIS_URL": other_redis.url, "REAP_INTERVAL_SECONDS": "0.5"}
    with WorkerProcess(command="upkeep", environment=environment) as upkeep:
        upkeep.until("The background worker failed")
        assert is_reaped()
        until(lambda: programs_alive() == dict.fromkeys(UPKEEP, True), "signs of life")
        other_redis.start()
        job = queue(other_redis).enqueue("commerce.tasks.expire_orders", result_ttl=0)
        upkeep.until(rf"Job OK \({job.id}\)")
        assert is_reaped()
    assert upkeep.process.returncode == 0
    assert not programs_alive(), "what was stopped is not down"


def test_a_task_that_failed_is_queued_again_without_another_process(other_redis: Redis) -> None:
    queue(other_redis).enqueue("commerce.tasks.there_is_none", retry=rq.Retry(max=2, interval=1))
    with WorkerProcess(command="upkeep", environment={"REDIS_URL": other_redis.url}) as upkeep:
        until(lambda: len([line for line in upkeep.lines if "there_is_none" in line and "Error" in line]) >= 3, "tries")
        assert psutil.Process(upkeep.process.pid).children() == []


@pytest.mark.parametrize(
    ("command", "name"), [("reap", "reaper"), ("watch_output", "watcher"), ("background_worker", "background")]
)
def test_each_runs_by_itself(command: str, name: str) -> None:
    with WorkerProcess(command=command) as program:
        until(lambda: programs_alive() == {name: True}, "sign of life")
    assert program.process.returncode == 0
