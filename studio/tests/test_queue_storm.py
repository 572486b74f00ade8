"""Everything that moves jobs, at once: no deadlock, no job given twice, and right counters."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import User
from studio.models import RenderJob
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs.queue import claim_next, move_from_unknown_queues
from studio.services.jobs.turns import check_all, ripen
from studio.services.personal_data import erase_work
from studio.services.videos.library import delete_video
from studio.tests.queue_rows import ensure_counted, make_row
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

QUEUES = settings.RENDER_QUEUES
ROUNDS = 40

Act = Callable[[random.Random], object]


def some(rng: random.Random, status: str) -> RenderJob | None:
    found = list(RenderJob.objects.filter(status=status).select_related("video")[:20])
    return rng.choice(found) if found else None


def acts(users: list[User]) -> dict[str, Act]:  # noqa: C901 - seven functions of a few lines each
    """By name: what one thread does again and again."""
    leases: set[object] = set()

    def claim(rng: random.Random) -> None:
        if job := claim_next(worker="w", queues=QUEUES):
            assert job.lease_id not in leases
            leases.add(job.lease_id)
            if rng.random() < 0.5:
                jobs.fail_render(job, lease_id=job.lease_id, code="x", message="over")
            else:
                jobs.give_back(job, lease_id=job.lease_id, count_attempt=False, wait=rng.random() < 0.5)

    def submit(rng: random.Random) -> None:
        make_row(rng.choice(users[2:]), queue=rng.choice([*QUEUES, "finals-of-old"]), priority=rng.randint(-1, 1))

    def cancel(rng: random.Random) -> None:
        if job := some(rng, rng.choice(["queued", "running"])):
            jobs.cancel_render(job)

    def delete(rng: random.Random) -> None:
        if job := some(rng, "queued"):
            delete_video(job.video)

    def erase(rng: random.Random) -> None:
        with transaction.atomic():
            # Of those who ask for nothing more: their account is closed by then.
            erase_work(rng.choice(users[:2]))

    def reorder(rng: random.Random) -> None:
        if job := some(rng, "queued"):
            RenderJob.objects.filter(pk=job.pk).update(priority=rng.randint(-5, 5), queue=rng.choice(QUEUES))

    def upkeep(rng: random.Random) -> None:
        for pk in list(RenderJob.objects.queued().exclude(not_before=None).values_list("pk", flat=True)):
            RenderJob.objects.filter(pk=pk).update(not_before=Now())
        ripen()
        move_from_unknown_queues()
        check_all()

    return {"claim": claim, "claim too": claim, "submit": submit, "cancel": cancel, "delete": delete,
            "erase": erase, "reorder": reorder, "upkeep": upkeep}  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_storm_leaves_the_counters_right(make_user: UserFactory) -> None:
    users = [make_user() for _ in range(6)]
    with all_tenants():
        for number in range(60):
            make_row(users[number % 6], queue=QUEUES[number % 3])
    wrong: list[str] = []
    todo = acts(users)
    barrier = threading.Barrier(len(todo))

    def run(name: str, act: Act) -> None:
        rng = random.Random(name)
        try:
            with all_tenants():
                barrier.wait()
                for _ in range(ROUNDS):
                    act(rng)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test tells
            wrong.append(f"{name}: {error!r}")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in todo.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with all_tenants():
        ensure_counted()
        while claim_next(worker="w", queues=[*QUEUES, "finals-of-old"]):
            pass
        assert not RenderJob.objects.queued().filter(provider="local", not_before=None).exists()
        ensure_counted()
