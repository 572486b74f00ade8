"""A drained worker claims nothing; who drained it, and why, is told."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import django_rq
import pytest
import redis
from django.conf import settings

from accounts.models import AuditEntry, User
from config.api.errors import Conflict, NotFound, Unavailable
from config.platform import redis_link
from studio import tasks
from studio.models import RenderJob, WorkerDrain
from studio.services.jobs import workers
from studio.services.jobs.drains import drain, is_drained, resume
from studio.services.jobs.queue import claim_next
from studio.services.jobs.workers import Report
from studio.tests.queue_rows import make_row
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

HERE = socket.gethostname()


@pytest.fixture(autouse=True)
def nobody_else() -> Iterator[None]:
    redis_link.client().delete(workers._KEY)
    with all_tenants():
        yield


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    return make_user(name="operator", role=User.Role.ADMINISTRATOR)


@pytest.fixture
def dead_redis(servers: None) -> Iterator[None]:
    """This process has found Redis gone, and nobody tries it again."""
    redis_link.link.lost(redis.ConnectionError("The test says so"))
    redis_link.link._try_at = float("inf")
    yield
    redis_link.link.answered()


def reported(name: str, *, machine: str = HERE, ago: float = 0.0) -> None:
    one: Report = {
        "name": name, "machine": machine, "pid": 7, "queues": ["high", "low"], "device": "cuda:0 H200",
        "memory_used": 2**30, "memory_total": 2**37, "models": ["tiny"], "started": workers.now() - 60,
        "seen": workers.now() - ago,
    }  # fmt: skip
    workers.report(one)


def claim(worker: str) -> RenderJob | None:
    return claim_next(worker=worker, queues=settings.RENDER_QUEUES)


def test_a_drained_worker_claims_nothing_and_others_do(user: User, staff: User) -> None:
    reported("gpu-1")
    drain("gpu-1", by=staff, reason="a new driver")
    job = make_row(user)
    assert claim("gpu-1") is None
    assert claim("gpu-2") == job
    make_row(user)
    resume("gpu-1", by=staff, reason="done")
    assert claim("gpu-1") is not None
    told = [(entry.event, entry.actor, entry.detail) for entry in AuditEntry.objects.order_by("pk")]
    assert told == [
        ("worker.drained", staff,
         {"worker": "gpu-1", "before": "working", "after": "drained", "reason": "a new driver"}),
        ("worker.resumed", staff, {"worker": "gpu-1", "before": "drained", "after": "working", "reason": "done"}),
    ]  # fmt: skip


def test_a_drained_machine_has_no_worker_that_claims(user: User, staff: User) -> None:
    reported("gpu-1")
    drain(HERE, by=staff, reason="a reboot")
    make_row(user)
    assert is_drained("gpu-1")
    assert is_drained("one that starts later")
    assert claim("gpu-1") is None
    (row,) = workers.worker_rows()
    assert [one.name for one in row["drains"]] == [HERE]
    resume(HERE, by=staff, reason="up again")
    assert claim("gpu-1") is not None


def test_another_machine_is_not_this_one(user: User, staff: User) -> None:
    reported("far", machine="elsewhere")
    drain("elsewhere", by=staff, reason="r")
    make_row(user)
    assert claim("gpu-1") is not None


def test_what_it_renders_goes_on(user: User, staff: User) -> None:
    make_row(user)
    job = claim("gpu-1")
    assert job is not None
    drain("gpu-1", by=staff, reason="known by its render alone")
    job.refresh_from_db()
    assert job.status == RenderJob.Status.RUNNING
    assert job.held(job.lease_id).exists(), "its lease is good to the end"


def test_the_second_is_told(user: User, staff: User) -> None:
    reported("gpu-1")
    with pytest.raises(Conflict, match="not drained"):
        resume("gpu-1", by=staff, reason="r")
    drain("gpu-1", by=staff, reason="first")
    with pytest.raises(Conflict, match="drained already"):
        drain("gpu-1", by=staff, reason="second")
    assert WorkerDrain.objects.get().reason == "first"
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("name", ["", "nobody", "gpu", "gpu-11", "x" * 5000, "gpu-1\0"])
def test_whom_nobody_knows_can_not_be_drained(staff: User, name: str) -> None:
    reported("gpu-1")
    with pytest.raises(NotFound):
        drain(name, by=staff, reason="r")
    assert not WorkerDrain.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_message_that_reached_a_drained_worker_is_passed_on(user: User, staff: User) -> None:
    reported("gpu-1")
    waiting = django_rq.get_queue(settings.LOW_PRIORITY_QUEUE)
    waiting.empty()
    drain(HERE, by=staff, reason="r")
    tasks.render(None)
    assert waiting.count == 0, "nothing waits"
    make_row(user)
    tasks.render(None)
    assert waiting.count == 1, "whoever is not drained hears of it"
    assert claim("gpu-1") is None
    waiting.empty()


def test_a_silent_worker_is_shown_as_such_and_forgotten_in_the_end(user: User) -> None:
    reported("talks")
    reported("silent", ago=workers.SILENT_AFTER + 1)
    reported("gone", ago=workers._FORGOTTEN_AFTER + 1)
    make_row(user)
    job = claim("unheard of")
    rows = {row["name"]: row for row in workers.worker_rows()}
    assert {name: row["alive"] for name, row in rows.items()} == {"talks": True, "silent": False, "unheard of": False}
    assert rows["unheard of"]["job"] == job
    assert rows["unheard of"]["report"] is None
    assert "gone" not in {one["name"] for one in workers.reports()}
    assert redis_link.client().hlen(workers._KEY) == 2
    workers.forget("talks")
    assert {one["name"] for one in workers.reports()} == {"silent"}


def test_a_drain_is_seen_although_nobody_is_there_any_more(staff: User) -> None:
    reported("gpu-1")
    drain("gpu-1", by=staff, reason="r")
    drain(HERE, by=staff, reason="r")
    workers.forget("gpu-1")
    assert [(row["name"], row["alive"], len(row["drains"])) for row in workers.worker_rows()] == [
        (name, False, 1) for name in sorted(["gpu-1", HERE])
    ]
    for name in ("gpu-1", HERE):
        resume(name, by=staff, reason="r")
    assert workers.worker_rows() == []


def test_without_redis_nobody_is_known(staff: User, dead_redis: None) -> None:
    with pytest.raises(Unavailable):
        workers.worker_rows()
    with pytest.raises(Unavailable):
        drain("gpu-1", by=staff, reason="r")
