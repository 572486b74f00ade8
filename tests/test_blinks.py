"""What a render goes through and survives: Redis and the database gone, a full disk, a worker that hangs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
import rq
from django.conf import settings
from django.db import connection, transaction
from rest_framework.test import APIClient

from accounts.models import User
from config.stack.redis import Redis
from studio.models import ModelFile, RenderJob
from studio.providers.lease import HUNG
from studio.services.jobs import lifecycle as jobs
from tenants.scope import all_tenants
from tests.renders import DEFORUM, Row, ask, frame_hashes, newest, watch
from tests.waiting import until
from tests.worker import WorkerProcess

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

# Long enough to be caught in the middle.
FRAMES = 20
LONG = {**DEFORUM, "frameCount": FRAMES, "steps": 50}
SHORT_LEASE = {"LEASE_SECONDS": "3", "IDLE_TRANSACTION_SECONDS": "3"}


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    return tiny_model


@pytest.fixture
def other_redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that may be killed: the tests' own serves others, too."""
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


def job_of(row: Row) -> RenderJob:
    with all_tenants():
        return RenderJob.objects.get(pk=row["job_id"])


def in_its_middle(row: Row) -> bool:
    job = job_of(row)
    assert job.is_active, f"the render was too quick to be caught: {job.status} {job.cause}"
    return 0 < job.frames_done < job.frames_total / 2


def knock(server: Redis) -> None:
    rq.Queue(settings.MEDIUM_PRIORITY_QUEUE, connection=redis.Redis.from_url(server.url)).enqueue(
        "studio.tasks.render", 0
    )


def cut_database_connections() -> None:
    """As a restart of PostgreSQL does, to everybody but us."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def stop_in_a_transaction(worker: WorkerProcess, job: RenderJob) -> None:
    """Stop it where it keeps most others waiting: it has written to the job's row, and goes on to commit that never."""
    with all_tenants(), transaction.atomic():
        RenderJob.objects.select_for_update(of=("self",)).get(pk=job.pk)
        until(writes_of_others, "worker that writes how its render stands")
        os.kill(worker.process.pid, signal.SIGSTOP)


def writes_of_others() -> bool:
    """Whether somebody waits for the row that we hold."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted)")
        return bool(cursor.fetchone()[0])


def test_redis_is_killed_and_the_database_blinks(
    api: APIClient, other_redis: Redis, tmp_path: Path, settings: Any
) -> None:
    rows = [ask(api, "/api/generate", **LONG) for _ in range(3)]
    with WorkerProcess(environment={"REDIS_URL": other_redis.url}) as worker:
        worker.until_listening()
        knock(other_redis)
        until(lambda: in_its_middle(rows[0]), "first render in its middle")
        client = redis.Redis.from_url(other_redis.url)
        os.kill(client.info()["process_id"], signal.SIGKILL)
        cut_database_connections()
        for row in rows:
            done = watch(api, row, "preview")
            assert len(frame_hashes(api, done, tmp_path)) == FRAMES
            assert job_of(row).attempts == 1
        other_redis.stop()
        other_redis.start()
        until(lambda: rq.Worker.count(connection=redis.Redis.from_url(other_redis.url)), "worker that is back")
        assert worker.process.poll() is None, "the worker stayed, with its warm models"


def test_on_a_full_disk_renders_wait(api: APIClient, tmp_path: Path) -> None:
    row = ask(api, "/api/generate", **LONG)
    with WorkerProcess(environment={"RENDER_RETRY_SECONDS": "1"}) as worker:
        until(lambda: in_its_middle(row), "render in its middle")
        process = psutil.Process(worker.process.pid)
        unlimited = process.rlimit(psutil.RLIMIT_FSIZE)
        process.rlimit(psutil.RLIMIT_FSIZE, (4096, unlimited[1]))
        until(lambda: job_of(row).not_before, "render that waits")
        waiting = job_of(row)
        assert (waiting.attempts, waiting.error) == (0, "")
        assert "File too large" in waiting.cause
        assert watch(api, row, "processing")["frames_done"] > 0
        assert not list((settings.WORK_DIR / f"job-{waiting.pk}").rglob("*.part"))
        process.rlimit(psutil.RLIMIT_FSIZE, unlimited)
        until(lambda: jobs.reap() and job_of(row).status == "completed", "render that went on")
    assert len(frame_hashes(api, watch(api, row, "preview"), tmp_path)) == FRAMES
    assert job_of(row).attempts == 1


def test_a_stopped_worker_is_replaced(api: APIClient, user: User) -> None:
    row = ask(api, "/api/generate", **LONG)
    with WorkerProcess(environment=SHORT_LEASE) as stopped:
        until(lambda: in_its_middle(row), "render in its middle")
        stop_in_a_transaction(stopped, job_of(row))
        until(lambda: jobs.reap()["requeued"], "abandoned render")
        with WorkerProcess(environment=SHORT_LEASE):
            watch(api, row, "preview")
        assert stopped.wait() == -signal.SIGKILL, "it held the work folder of a render that was no longer its own"
    assert newest(user).attempts == 2


def test_a_hung_render_ends_its_attempt_and_its_worker(api: APIClient, user: User) -> None:
    row = ask(api, "/api/generate", **LONG)
    # Whoever opens it waits for ever, as on a disk that is gone.
    manifest = settings.WORK_DIR / f"job-{row['job_id']}" / "frames" / "sink.json"
    manifest.parent.mkdir(parents=True)
    os.mkfifo(manifest)
    with WorkerProcess(environment={"RENDER_STALL_SECONDS": "3"}) as worker:
        assert worker.wait() == HUNG
    hung = job_of(row)
    assert (hung.status, hung.attempts, hung.fruitless_attempts) == ("queued", 1, 1)
    assert "sink.py" in hung.cause, "staff see where it hung"

    with WorkerProcess(environment=SHORT_LEASE) as worker:
        until(lambda: job_of(row).status == "running", "render that hangs again")
        assert api.post(f"/api/cancelJob/{row['videoId']}").status_code == 200
        assert worker.wait() == HUNG, "a cancel is seen even so"
    assert job_of(row).status == "cancelled"
    jobs.sweep_work_dirs()
    assert not manifest.exists()
