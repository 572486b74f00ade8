"""The knock: as many messages as there are idle workers, by numbers alone. And the sweeps: so much a round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import django_rq
import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from rq.worker import WorkerStatus

from accounts.models import User
from studio.models import RenderJob
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs.queue import KNOCKS, claim_next, knock, move_from_unknown_queues
from studio.services.jobs.turns import RIPE_AT_ONCE, ripen
from studio.tests.queue_rows import ensure_counted, make_row
from studio.worker import RenderWorker
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

HIGH, MEDIUM, LOW = QUEUES = settings.RENDER_QUEUES
Listen = Callable[..., RenderWorker]

# Messages are sent when the transaction is over.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No messages, and every tenant's rows."""
    for name in QUEUES:
        django_rq.get_queue(name).empty()
    with all_tenants():
        yield
    for name in QUEUES:
        django_rq.get_queue(name).empty()


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Workers as Redis knows them: they neither work nor end by themselves."""
    made: list[RenderWorker] = []

    def make(*queues: str, state: str = WorkerStatus.IDLE) -> RenderWorker:
        heard = [django_rq.get_queue(name) for name in queues or QUEUES]
        worker = RenderWorker(heard, connection=heard[0].connection)
        worker.register_birth()
        worker.set_state(state)
        made.append(worker)
        return worker

    yield make
    for worker in made:
        worker.register_death()
    RenderWorker.current = None


def messages() -> list[int]:
    return [django_rq.get_queue(name).count for name in QUEUES]


def test_a_knock_is_for_idle_workers_of_all_queues_together(user: User, listen: Listen) -> None:
    for name in QUEUES:
        for _ in range(4):
            make_row(user, queue=name)
    for _ in range(5):
        listen()
    listen(state=WorkerStatus.BUSY)
    assert knock(*QUEUES) == 5
    assert messages() == [4, 1, 0]
    assert knock(*QUEUES) == 0, "as many messages as ears"


def test_a_knock_reaches_whoever_listens_to_the_queue(user: User, listen: Listen) -> None:
    for name in (HIGH, LOW):
        for _ in range(4):
            make_row(user, queue=name)
    listen(HIGH)
    listen(LOW)
    listen(LOW)
    assert knock(*QUEUES) == 3
    assert messages() == [1, 0, 2]


def test_nobody_knocks_where_all_are_busy(user: User, listen: Listen) -> None:
    make_row(user)
    worker = listen(state=WorkerStatus.BUSY)
    assert jobs.reap()["knocked"] == 0
    worker.set_state(WorkerStatus.IDLE)
    assert jobs.reap()["knocked"] == 1


def test_a_knock_loads_no_rows_however_much_waits(user: User, listen: Listen) -> None:
    listen()
    for _ in range(30):
        make_row(user)
    with CaptureQueriesContext(connection) as asked:
        assert knock(*QUEUES) == 1
    assert len(asked) == 1
    assert "studio_renderjob" not in asked.captured_queries[0]["sql"]


def test_a_knock_without_known_workers_is_bounded(make_user: UserFactory) -> None:
    """Redis has lost their names with everything else; they come back to what they find."""
    user = make_user()
    for _ in range(KNOCKS + 5):
        make_row(user)
    assert knock(*QUEUES) == KNOCKS
    assert knock(*QUEUES) == 0


def test_jobs_of_unknown_queues_move_some_a_round(user: User) -> None:
    for _ in range(5):
        make_row(user, queue="finals-of-old")
    assert [move_from_unknown_queues(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    ensure_counted()


def test_delayed_jobs_become_due_some_a_claim(make_user: UserFactory) -> None:
    user = make_user()
    for _ in range(RIPE_AT_ONCE + 3):
        make_row(user, not_before=Now() - timedelta(seconds=1))
    assert [ripen(), ripen(), ripen()] == [RIPE_AT_ONCE, 3, 0]
    ensure_counted()


def test_abandoned_renders_are_taken_back_some_a_round(user: User) -> None:
    for _ in range(3):
        make_row(user)
    leases = [job.lease_id for job in iter(lambda: claim_next(worker="w", queues=QUEUES), None)]
    assert len(leases) == 3
    RenderJob.objects.running().update(lease_expires_at=Now() - timedelta(seconds=1))
    assert [jobs.reap(limit=2)["requeued"] for _ in range(3)] == [2, 1, 0]
    ensure_counted()


def test_a_clock_that_jumped_back_keeps_nobody_waiting(user: User) -> None:
    """An hour: the lease of a dead worker and the wait for a part of ours would last so much longer."""
    for _ in range(2):
        make_row(user)
    dead, away = (claim_next(worker="w", queues=QUEUES) for _ in range(2))
    assert dead
    assert away
    assert jobs.give_back(away, lease_id=away.lease_id, count_attempt=False, wait=True)
    before = RenderJob.objects.in_bulk()
    jobs.reap()
    after = RenderJob.objects.in_bulk()
    assert [job.lease_expires_at for job in after.values()] == [job.lease_expires_at for job in before.values()]
    assert after[away.pk].not_before == before[away.pk].not_before, "what is in time is left alone"
    RenderJob.objects.running().update(lease_expires_at=Now() + timedelta(hours=1))
    RenderJob.objects.queued().update(not_before=Now() + timedelta(hours=1))
    jobs.reap()
    late = Now() + timedelta(seconds=settings.LEASE_SECONDS)
    assert RenderJob.objects.running().get(lease_expires_at__lte=late) == dead
    late = Now() + timedelta(seconds=settings.RENDER_RETRY_SECONDS)
    assert RenderJob.objects.queued().get(not_before__lte=late) == away
    ensure_counted()
