"""The queue at work, for ``bench.queue``: under a steady stream, by 32 connections at once, and asleep."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from multiprocessing import get_context
from typing import Any

from bench.queue import QUEUES, in_words, measure, p
from bench.queue_rows import Size, fill

CONNECTIONS = 32
PROCESSES = 4
"""Among which they are shared: one would be bound by the interpreter's lock."""
TARGET_RATE, TARGET_JAIN, TARGET_WAKE_MS = 200.0, 0.95, 20.0


def stream(url: str, size: Size, claims: int) -> None:
    """Claims and figures while two threads submit, claim and finish as fast as they can."""
    fill(url, size)
    stop, moved = threading.Event(), Counter[str]()
    threads = [threading.Thread(target=_in_scope, args=(_churn, stop, moved, seed)) for seed in range(2)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    claim, figures = measure(claims)
    stop.set()
    for thread in threads:
        thread.join()
    pace = moved["submitted"] / (time.monotonic() - began)
    print(f"{size}  {in_words(claim, figures)}  beside {pace:.0f} renders/s that come, run and end", flush=True)


def rate(url: str, size: Size, seconds: float = 10.0) -> None:
    """Claims by CONNECTIONS workers at once; users with equal demand are to be served equally."""
    from django.db import connection

    fill(url, size)
    # None of it is the children's.
    connection.close_pool()  # type: ignore[attr-defined]
    with ProcessPoolExecutor(PROCESSES, get_context("fork")) as pool:
        counts = list(pool.map(_claim_for, [seconds] * PROCESSES))
    claimed = sum(counts, Counter[int]())
    pace = sum(claimed.values()) / seconds
    # Who can have been served at all: the first turns go to as many users as there were claims.
    served = [claimed[user] for user in range(1, size.users + 1)]
    if sum(served) < size.users:
        served = sorted(served, reverse=True)[: sum(served)]
    jain = sum(served) ** 2 / (len(served) * sum(n * n for n in served))
    print(
        f"{size}  {CONNECTIONS} connections: {pace:.0f} claims/s (target {TARGET_RATE:g}), Jain's index {jain:.3f} "
        f"(target {TARGET_JAIN:g})",
        flush=True,
    )


def _claim_for(seconds: float) -> Counter[int]:
    """Claims of a process's share of the connections, by user."""
    stop, claimed = threading.Event(), Counter[int]()
    share = CONNECTIONS // PROCESSES
    threads = [threading.Thread(target=_in_scope, args=(_claim, stop, claimed)) for _ in range(share)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    return claimed


def wake(url: str, renders: int = 100) -> None:
    """A worker waits at Redis as RQ's do, and claims once it is knocked; a render is submitted when all is quiet."""
    import django_rq
    from rq import Queue

    from config.platform.redis_link import waiting_client
    from studio.services.jobs.queue import claim_next, wake_worker
    from tenants.scope import all_tenants

    fill(url, Size(0, 1, 0))
    connection = waiting_client()
    claimed: dict[int, float] = {}
    stop = threading.Event()

    def work() -> None:
        queues = [django_rq.get_queue(name) for name in QUEUES]
        while not stop.is_set():
            if Queue.dequeue_any(queues, timeout=2, connection=connection) is None:
                continue
            if job := claim_next(worker="bench", queues=QUEUES):
                claimed[job.pk] = time.perf_counter()

    worker = threading.Thread(target=_in_scope, args=(work,))
    worker.start()
    late: list[float] = []
    submit = _submitter()
    with all_tenants():
        for _ in range(renders):
            job = submit(1)
            committed = time.perf_counter()
            wake_worker(job)
            while job.pk not in claimed:
                time.sleep(0.001)
            late.append(1000 * (claimed[job.pk] - committed))
    stop.set()
    worker.join()
    verdict = "met" if p(late, 99) < TARGET_WAKE_MS else "MISSED"
    print(
        f"commit to claim: {p(late, 50):.1f} ms, p99 {p(late, 99):.1f} ms (target {TARGET_WAKE_MS:g}: {verdict})",
        flush=True,
    )


def _in_scope(verb: Callable[..., Any], *arguments: Any) -> None:
    from django.db import connection

    from tenants.scope import all_tenants

    with all_tenants():
        try:
            verb(*arguments)
        finally:
            connection.close()


def _claim(stop: threading.Event, claimed: Counter[int]) -> None:
    from studio.services.jobs.queue import claim_next

    while not stop.is_set():
        if job := claim_next(worker="bench", queues=QUEUES):
            claimed[job.owner_id] += 1


def _churn(stop: threading.Event, moved: Counter[str], seed: int) -> None:
    from django.utils import timezone

    from studio.models import RenderJob
    from studio.services.jobs.queue import claim_next

    submit = _submitter()
    for number in count(seed):
        if stop.is_set():
            return
        submit(1 + number % 20)
        if job := claim_next(worker="bench", queues=QUEUES):
            job.move(RenderJob.Status.COMPLETED, finished_at=timezone.now(), lease_id=None, lease_expires_at=None)
        moved["submitted"] += 1


def _submitter() -> Callable[[int], Any]:
    from studio.models import RenderJob, Video

    def submit(owner: int) -> RenderJob:
        video = Video.objects.create(tenant_id=1, owner_id=owner, type="vid2vid", title="Bench")
        return RenderJob.objects.create(
            tenant_id=1, owner_id=owner, video=video, purpose="final", workflow="vid2vid", model_file_id=1,
            queue="low", parameters={}, plan={}, frames_total=48,
        )  # fmt: skip

    return submit
