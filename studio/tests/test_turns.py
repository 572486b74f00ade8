"""Whose turn it is, beside a queue in plain Python; and the counters by which it is found."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as bounds
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import User
from studio.models import QueueTurn, QueueUser, RenderJob
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs import turns
from studio.services.jobs.places import QueueSnapshot
from studio.services.jobs.queue import claim_next
from studio.tests.queue_rows import ensure_counted, execute, make_row
from tenants.scope import all_tenants
from tenants.services import create_tenant
from tests.fixtures import UserFactory

QUEUES = settings.RENDER_QUEUES
START = timezone.now()


@dataclass
class Waiting:
    """A job as the plain queue has it."""

    pk: int
    owner: int
    queue: str
    priority: int
    queued_at: Any
    provider: str = "local"
    delayed: bool = False
    status: str = "queued"
    lease: uuid.UUID | None = None


@dataclass
class PlainQueue:
    """The rules of docs/queue.md, as one would write them for a list."""

    jobs: list[Waiting] = field(default_factory=list)
    served: dict[int, int] = field(default_factory=dict)
    claims: Any = field(default_factory=lambda: itertools.count(1))

    def next(self, queues: list[str]) -> Waiting | None:
        running = Counter(job.owner for job in self.jobs if job.status == "running")
        due = [
            job for job in self.jobs
            if job.status == "queued" and job.provider == "local" and not job.delayed and job.queue in queues
        ]  # fmt: skip
        order = lambda job: (  # noqa: E731
            queues.index(job.queue), running[job.owner], self.served.get(job.owner, 0),
            -job.priority, job.queued_at, job.pk,
        )  # fmt: skip
        return min(due, key=order, default=None)


class Turns(RuleBasedStateMachine):
    """Everything that moves a job, in any order; each claim has to be the plain queue's."""

    @initialize()
    def open(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.scope = all_tenants()
        self.scope.__enter__()
        tenants = [create_tenant(name=f"turns{n}") for n in range(2)]
        self.users = [
            User.objects.create(email=f"turns{n}@example.com", name=f"turns{n}", tenant=tenants[n % 2])
            for n in range(3)
        ]
        self.plain = PlainQueue()
        self.ages = itertools.count()

    def teardown(self) -> None:
        if hasattr(self, "scope"):
            transaction.set_rollback(True)
            self.scope.__exit__(None, None, None)
            self.atomic.__exit__(None, None, None)

    def pick(self, number: int, status: str) -> Waiting | None:
        those = [job for job in self.plain.jobs if job.status == status]
        return those[number % len(those)] if those else None

    def row(self, job: Waiting) -> RenderJob:
        return RenderJob.objects.get(pk=job.pk)

    @rule(
        user=st.integers(0, 2), queue=st.sampled_from(QUEUES), priority=st.integers(-1, 1), older=st.booleans(),
        provider=st.sampled_from(["local", "local", "local", "external"]),
    )  # fmt: skip
    def submit(self, user: int, queue: str, priority: int, older: bool, provider: str) -> None:
        age = next(self.ages)
        # A clock that jumps back makes a later job the older one.
        queued_at = START + timedelta(seconds=-age if older else age)
        row = make_row(self.users[user], queue=queue, priority=priority, provider=provider, queued_at=queued_at)
        self.plain.jobs.append(Waiting(row.pk, row.owner_id, queue, priority, queued_at, provider))

    @rule(only=st.sampled_from([QUEUES, QUEUES[1:], QUEUES[2:]]))
    def claim(self, only: tuple[str, ...]) -> None:
        expected = self.plain.next(list(only))
        claimed = claim_next(worker="machine", queues=only)
        assert (claimed and claimed.pk) == (expected and expected.pk)
        if expected and claimed:
            expected.status, expected.lease = "running", claimed.lease_id
            self.plain.served[expected.owner] = next(self.plain.claims)

    @rule(number=st.integers(0, 20), wait=st.booleans())
    def give_back(self, number: int, wait: bool) -> None:
        if job := self.pick(number, "running"):
            assert jobs.give_back(self.row(job), lease_id=job.lease, count_attempt=False, wait=wait)
            job.status, job.delayed = "queued", wait

    @rule(number=st.integers(0, 20))
    def come_due(self, number: int) -> None:
        if (job := self.pick(number, "queued")) and job.delayed:
            RenderJob.objects.filter(pk=job.pk).update(not_before=timezone.now() - timedelta(seconds=1))
            job.delayed = False

    @rule(number=st.integers(0, 20), verb=st.sampled_from(["complete", "fail", "cancel"]))
    def end(self, number: int, verb: str) -> None:
        if job := self.pick(number, "running"):
            row = self.row(job)
            if verb == "complete":
                jobs.complete_render(row, lease_id=job.lease, files={"output": None}, seconds_per_frame=1.0)
            elif verb == "fail":
                jobs.fail_render(row, lease_id=job.lease, code="x", message="over")
            else:
                jobs.cancel_render(row)
            job.status = "over"

    @rule(number=st.integers(0, 20), delete=st.booleans())
    def leave(self, number: int, delete: bool) -> None:
        if job := self.pick(number, "queued"):
            if delete:
                execute("DELETE FROM studio_renderjob WHERE id = %s", job.pk)
            else:
                jobs.cancel_render(self.row(job))
            job.status = "over"

    @rule(number=st.integers(0, 20), priority=st.integers(-1, 1), queue=st.sampled_from(QUEUES), user=st.integers(0, 2))
    def change_by_hand(self, number: int, priority: int, queue: str, user: int) -> None:
        if job := self.pick(number, "queued"):
            job.priority, job.queue, job.owner = priority, queue, self.users[user].pk
            RenderJob.objects.filter(pk=job.pk).update(priority=priority, queue=queue, owner=self.users[user])

    @rule()
    def places_are_the_order_of_claims(self) -> None:
        snapshot = QueueSnapshot()
        waiting = {j.pk: j for j in RenderJob.objects.queued().filter(provider="local", not_before=None)}
        places = {pk: snapshot.figures(job).your_position for pk, job in waiting.items()}
        with transaction.atomic():
            order = [job.pk for job in iter(lambda: claim_next(worker="w", queues=QUEUES), None)]
            transaction.set_rollback(True)
        # What has come due since is claimed, too.
        order = [pk for pk in order if pk in places]
        if len(order) == len(places):
            assert sorted(places, key=lambda pk: places[pk] or 0) == order

    @invariant()
    def counted(self) -> None:
        if hasattr(self, "plain"):
            ensure_counted()


@pytest.mark.django_db
def test_turns_are_those_of_a_plain_queue() -> None:
    checks = list(HealthCheck)
    run_state_machine_as_test(
        Turns, settings=bounds(max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=checks)
    )


@pytest.mark.django_db(transaction=True)
def test_claims_at_once_are_fair_and_nobody_gets_the_same_job(make_user: UserFactory) -> None:
    """32 jobs each of 6 users, one of whom asked for all of theirs first; 8 workers take three quarters of all."""
    people = [make_user() for _ in range(6)]
    with all_tenants():
        expected = {make_row(person).pk for person in people for _ in range(32)}
    claimed: list[RenderJob] = []
    share = 3 * len(expected) // 4
    barrier = threading.Barrier(8)

    def work() -> None:
        try:
            barrier.wait()
            while len(claimed) < share and (job := claim_next(worker="w", queues=QUEUES)):
                claimed.append(job)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job.pk for job in claimed}) == len(claimed) >= share
    assert {job.pk for job in claimed} <= expected
    counts = list(Counter(job.owner_id for job in claimed).values())
    assert len(counts) == len(people)
    assert sum(counts) ** 2 / (len(counts) * sum(n * n for n in counts)) >= 0.95
    with all_tenants():
        ensure_counted()


@pytest.mark.django_db(transaction=True)
def test_a_job_that_somebody_cancels_right_now_stops_no_claim(make_user: UserFactory) -> None:
    user = make_user()
    with all_tenants():
        first, second = make_row(user), make_row(user)
        locked, claimed = threading.Event(), threading.Event()

        def cancel() -> None:
            try:
                with all_tenants(), transaction.atomic():
                    held = RenderJob.objects.select_for_update(of=("self",)).get(pk=first.pk)
                    locked.set()
                    claimed.wait(60)
                    jobs.cancel_render(held)
            finally:
                connection.close()

        thread = threading.Thread(target=cancel)
        thread.start()
        locked.wait(60)
        assert claim_next(worker="w", queues=QUEUES) == second
        claimed.set()
        thread.join()
        assert claim_next(worker="w", queues=QUEUES) is None
        ensure_counted()


@pytest.mark.django_db
def test_a_claim_finds_wrong_counters_by_itself(user: User) -> None:
    with all_tenants():
        make_row(user)
        QueueTurn.objects.create(owner_id=user.pk + 1, queue="low", waiting=7, head_priority=9)
        QueueTurn.objects.create(owner_id=user.pk + 2, queue="low", waiting=7, head_priority=8)
        QueueUser.objects.create(owner_id=user.pk + 1)
        job = claim_next(worker="w", queues=QUEUES)
        assert job is not None
        assert job.owner == user
        assert claim_next(worker="w", queues=QUEUES) is None
        ensure_counted()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "drift",
    [
        "UPDATE studio_queueturn SET waiting = 0",
        "UPDATE studio_queueturn SET waiting = waiting + 3",
        "UPDATE studio_queueturn SET head_id = NULL, head_priority = NULL, head_queued_at = NULL",
        "UPDATE studio_queueuser SET running = 4",
        "UPDATE studio_queuetotal SET jobs = jobs - 5, frames = 0",
        "DELETE FROM studio_queueturn",
        "DELETE FROM studio_queueuser",
        "DELETE FROM studio_queuetotal",
    ],
)
def test_counters_that_drifted_are_repaired_and_reported(user: User, drift: str, capsys: Any) -> None:
    with all_tenants():
        waiting = make_row(user)
        execute(drift)
        call_command("check_queue")
        assert "wrong" in capsys.readouterr().out
        ensure_counted()
        assert claim_next(worker="w", queues=QUEUES) == waiting


@pytest.mark.django_db
def test_the_check_reports_nothing_where_nothing_is_wrong(user: User, capsys: Any) -> None:
    with all_tenants():
        make_row(user)
    call_command("check_queue")
    assert capsys.readouterr().out == "The queue's counters are right.\n"


@pytest.mark.django_db
def test_the_reaper_repairs_in_rounds(make_user: UserFactory) -> None:
    with all_tenants():
        job = make_row(make_user())
        execute("DELETE FROM studio_queueturn")
        execute("UPDATE studio_queuetotal SET jobs = 40")
        for _ in range(40):
            jobs.check_counters()
        ensure_counted()
        assert claim_next(worker="w", queues=QUEUES) == job


@pytest.mark.django_db
def test_jobs_of_a_queue_that_the_settings_no_longer_name_are_served(user: User, caplog: Any) -> None:
    with all_tenants():
        job = make_row(user, queue="finals-of-old", priority=60)
        assert claim_next(worker="w", queues=QUEUES) is None
        jobs.reap()
        assert "finals-of-old" in caplog.text
        claimed = claim_next(worker="w", queues=[settings.HIGH_PRIORITY_QUEUE])
        assert claimed == job
        ensure_counted()


@pytest.mark.django_db
def test_the_end_of_a_user_with_jobs_leaves_nothing_counted(make_user: UserFactory) -> None:
    gone, other = make_user(), make_user()
    with all_tenants():
        rows = [make_row(gone) for _ in range(3)]
        job = make_row(other)
        RenderJob.objects.filter(pk__in=[row.pk for row in rows]).delete()
        for row in rows:
            row.video.delete()
        gone.delete()
        assert claim_next(worker="w", queues=QUEUES) == job
        assert claim_next(worker="w", queues=QUEUES) is None
        ensure_counted()


@pytest.mark.django_db
def test_a_clock_that_jumped_back_takes_nobodys_turn(make_user: UserFactory) -> None:
    early, late = make_user(), make_user()
    with all_tenants():
        for owner in (early, late, early, late):
            make_row(owner)
        first = claim_next(worker="w", queues=QUEUES)
        assert first is not None
        # The clock was a day ahead when the first was claimed.
        RenderJob.objects.filter(pk=first.pk).update(started_at=timezone.now() + timedelta(days=1))
        jobs.fail_render(first, lease_id=first.lease_id, code="x", message="over")
        second = claim_next(worker="w", queues=QUEUES)
        assert second is not None
        jobs.fail_render(second, lease_id=second.lease_id, code="x", message="over")
        third = claim_next(worker="w", queues=QUEUES)
        assert third is not None
        assert [job.owner_id for job in (first, second, third)] == [early.pk, late.pk, early.pk]


@pytest.mark.django_db
def test_delayed_jobs_become_due(user: User) -> None:
    with all_tenants():
        past = timezone.now() - timedelta(seconds=1)
        for _ in range(3):
            make_row(user, not_before=past)
        assert turns.ripen() == 3
        assert turns.ripen() == 0
        ensure_counted()
