"""What a claim and the queue's figures cost, beside the same read from the rows: ``python -m bench.queue``.

    python -m bench.queue [--queued 100 10000] [--users 20] [--past 0] [--claims 30]

Runs against an embedded PostgreSQL of its own, which does not wait for the disk. Each line is one size: milliseconds of
a claim by the counters (p50, p99), of the claim that counts anew, and of the figures of the last job.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from config.stack.testing import TestStack

QUEUES = ("high", "medium", "low")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queued", type=int, nargs="*", default=[100, 10_000])
    parser.add_argument("--users", type=int, nargs="*", default=[20, 2_000])
    parser.add_argument("--past", type=int, default=0, help="finished jobs of each user")
    parser.add_argument("--claims", type=int, default=30)
    options = parser.parse_args()
    stack = TestStack()
    stack.start()
    try:
        _bench(options.queued, options.users, options.past, options.claims)
    finally:
        stack.stop()
        stack.remove()


def _bench(queued: Sequence[int], users: Sequence[int], past: int, claims: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    from studio.models import RenderJob
    from studio.services.places import QueueSnapshot
    from studio.services.queue import claim_next
    from tenants.scope import all_tenants

    call_command("migrate", verbosity=0)
    with all_tenants():
        for jobs in queued:
            for people in users:
                if people > jobs:
                    continue
                with transaction.atomic():
                    _fill(jobs, people, past)
                    last = RenderJob.objects.queued().order_by("id").last()
                    figures = _times(lambda: QueueSnapshot().figures(last), claims)  # noqa: B023
                    former = _times(_former_claim, 3)
                    new = _times(lambda: claim_next(worker="bench", queues=QUEUES), claims)
                    transaction.set_rollback(True)
                print(
                    f"{jobs:8,} queued {people:7,} users {past:7,} past  claim {_p(new, 50):7.1f} {_p(new, 99):7.1f} ms"
                    f"  former {_p(former, 50):9.1f} ms  figures {_p(figures, 50):7.1f} {_p(figures, 99):7.1f} ms",
                    flush=True,
                )


def _times(verb: Callable[[], Any], count: int) -> list[float]:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        verb()
        times.append(1000 * (time.perf_counter() - began))
    return times


def _p(times: list[float], percent: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


def _former_claim() -> Any:
    """The claim that decided under one lock by counting queue and history; it looks, and takes nothing."""
    from django.db import connection
    from django.db.models import Case, Count, F, IntegerField, Max, OuterRef, Subquery, When
    from django.db.models.functions import Coalesce

    from studio.models import RenderJob

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(1)")
    theirs = RenderJob.objects.filter(owner=OuterRef("owner")).order_by().values("owner")
    ranks = (When(queue=name, then=place) for place, name in enumerate(QUEUES))
    return (
        RenderJob.objects.due()
        .filter(queue__in=QUEUES, provider="local")
        .annotate(
            rank=Case(*ranks, output_field=IntegerField()),
            running=Coalesce(Subquery(theirs.filter(status="running").annotate(n=Count("*")).values("n")), 0),
            served=Subquery(theirs.annotate(last=Max("started_at")).values("last")),
        )
        .order_by("rank", "running", F("served").asc(nulls_first=True), "-priority", "queued_at", "pk")
        .select_for_update(skip_locked=True, of=("self",))
        .first()
    )


def _fill(jobs: int, people: int, past: int) -> None:
    from django.db import connection
    from django.utils import timezone

    from accounts.models import User
    from studio.models import ModelFile, RenderJob, Video
    from tenants.services import create_tenant

    tenant = create_tenant(name="bench")
    model = ModelFile.objects.create(name="bench", slug="bench", location="bench")
    users = User.objects.bulk_create(
        [User(email=f"bench{n}@example.com", name="bench", tenant=tenant, password="!") for n in range(people)]
    )
    owners = [users[n % people] for n in range(jobs + past * people)]
    videos = Video.objects.bulk_create([Video(tenant=tenant, owner=owner, type="vid2vid") for owner in owners], 5000)
    common = {"tenant": tenant, "model_file": model, "purpose": "final", "workflow": "vid2vid", "queue": "low"}
    common |= {"parameters": {}, "plan": {}, "frames_total": 10}
    now = timezone.now()
    over = {"status": "completed", "started_at": now, "finished_at": now, "seconds_per_frame": 1.0}
    rows = [
        RenderJob(video=video, owner=video.owner, **common, **({} if n < jobs else over))
        for n, video in enumerate(videos)
    ]
    RenderJob.objects.bulk_create(rows, 5000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE studio_renderjob, studio_queueturn, studio_queueuser, studio_queuetotal")


if __name__ == "__main__":
    main()
