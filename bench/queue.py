"""What a claim and the queue's figures cost, however much waits and has been: ``python -m bench.queue``.

    python -m bench.queue --part sizes stream
    python -m bench.queue --part rate wake --durable

An embedded PostgreSQL of its own, which waits for the disk where ``--durable`` says so.

- ``sizes``: a line per size: milliseconds of a claim and of ``/status``' figures for the last in line (p50, p99), by
  the clock and of the processor; and of the claim that counts queue and history anew under one lock, as once.
- ``stream``: the same while renders are submitted, claimed and finished all the time, at the largest size.
- ``rate``: claims per second over 32 connections, and how evenly the users were served (Jain's index).
- ``wake``: from the commit of a submitted render to its claim by a worker that waits.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench.queue_rows import Size, fill
from config.stack.testing import TestStack

QUEUES = ("high", "medium", "low")
SIZES = [
    Size(100, 1, 0),
    Size(100, 20, 0),
    Size(5, 1, 100_000),
    Size(10_000, 20, 0),
    Size(10_000, 2_000, 9),
    Size(100_000, 20, 0),
    Size(100_000, 20_000, 0),
    Size(100_000, 20_000, 50),
]
FORMER_UP_TO = 10_000
"""The former claim takes minutes at more."""
TARGET_MS, TARGET_RATIO = 10.0, 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="*", default=["sizes", "stream", "rate", "wake"])
    parser.add_argument("--claims", type=int, default=200, help="measured for each size")
    parser.add_argument("--largest", type=int, default=100_000, help="renders that wait at most")
    parser.add_argument("--durable", action="store_true", help="wait for the disk, as in service")
    parser.add_argument("--no-former", action="store_true", help="leave the former claim out")
    options = parser.parse_args()
    sizes = [size for size in SIZES if size.queued <= options.largest]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    with _database(durable=options.durable) as url:
        if "sizes" in options.part:
            _sizes(url, sizes, options.claims, former=not options.no_former)
        if {"stream", "rate", "wake"} & set(options.part):
            from bench.queue_stream import rate, stream, wake

            if "stream" in options.part:
                stream(url, sizes[-1], options.claims)
            if "rate" in options.part:
                rate(url, sizes[-1])
            if "wake" in options.part:
                wake(url)


@contextmanager
def _database(*, durable: bool) -> Iterator[str]:
    stack = TestStack(durable=durable)
    stack.start()
    try:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        os.environ["DATABASE_POOL_SIZE"] = "40"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield os.environ["DATABASE_URL"]
    finally:
        stack.stop()
        stack.remove()


def _sizes(url: str, sizes: Sequence[Size], claims: int, *, former: bool) -> None:
    worst: dict[str, list[float]] = {"claim": [], "figures": []}
    for size in sizes:
        fill(url, size)
        claim, figures = measure(min(claims, max(1, size.queued - 1)))
        then = times(_former_claim, 3).clock if former and size.queued <= FORMER_UP_TO else []
        # Others may be at work on the machine.
        worst["claim"].append(p(claim.processor, 99))
        worst["figures"].append(p(figures.processor, 99))
        before = f"  former claim {p(then, 50):9.1f} ms" if then else ""
        print(f"{size}  {in_words(claim, figures)}{before}", flush=True)
    for name, found in worst.items():
        ratio = found[-1] / found[0]
        met = found[-1] <= TARGET_MS and ratio <= TARGET_RATIO
        print(
            f"{name}: the processor's p99 at the largest {found[-1]:.1f} ms (target {TARGET_MS:g}), {ratio:.2f} of the "
            f"smallest (target {TARGET_RATIO:g}): {'met' if met else 'MISSED'}"
        )


def measure(claims: int) -> tuple[Times, Times]:
    """So many claims, and of as many looks at the figures of the last in line."""
    from studio.models import RenderJob
    from studio.services.jobs.places import QueueSnapshot
    from studio.services.jobs.queue import claim_next
    from tenants.scope import all_tenants

    with all_tenants():
        last = RenderJob.objects.queued().order_by("id").last()
        assert last is not None
        figures = times(lambda: QueueSnapshot().figures(last), claims, warm=10)
        return times(lambda: claim_next(worker="bench", queues=QUEUES), claims, warm=min(10, claims // 2)), figures


class Times(NamedTuple):
    """Milliseconds of each call: by the clock, and of the processor (this thread and its connection's backend)."""

    clock: list[float]
    processor: list[float]


def times(verb: Callable[[], Any], count: int, warm: int = 0) -> Times:
    """What each call took, after ``warm`` that don't count."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    measured = Times([], [])
    for number in range(count + warm):
        began, used = time.perf_counter(), _used(backend)
        verb()
        if number >= warm:
            measured.processor.append(1000 * (_used(backend) - used))
            measured.clock.append(1000 * (time.perf_counter() - began))
    return measured


def _used(backend: int) -> float:
    """Seconds of the processor so far."""
    return time.thread_time() + int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e9


def p(measured: list[float], percent: int) -> float:
    """A percentile."""
    if len(measured) < 2:
        return measured[0]
    return statistics.quantiles(measured, n=100, method="inclusive")[percent - 1]


def in_words(claim: Times, figures: Times) -> str:
    """p50 and p99 by the clock, and of the processor in brackets."""

    def both(measured: Times) -> str:
        clock, processor = ((p(of, 50), p(of, 99)) for of in measured)
        return f"{clock[0]:6.1f} {clock[1]:6.1f} ms ({processor[0]:5.1f} {processor[1]:5.1f})"

    return f"claim {both(claim)}  figures {both(figures)}"


def _former_claim() -> Any:
    """The claim that decided under one lock by counting queue and history; it looks, and takes nothing."""
    from django.db import connection, transaction
    from django.db.models import Case, Count, F, IntegerField, Max, OuterRef, Subquery, When
    from django.db.models.functions import Coalesce

    from studio.models import RenderJob
    from tenants.scope import all_tenants

    with all_tenants(), transaction.atomic():
        theirs = RenderJob.objects.filter(owner=OuterRef("owner")).order_by().values("owner")
        ranks = (When(queue=name, then=place) for place, name in enumerate(QUEUES))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(1)")
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


if __name__ == "__main__":
    main()
