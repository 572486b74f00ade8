"""The queue's figures, from the counters: they cost the same however much waits and has been."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from studio.models import QueueTurn, RenderJob
from studio.services.jobs.turns import ORDER
from tenants.scope import all_tenants

SECONDS_PER_FRAME = 10.0
"""The estimate for a model that has no history."""

EXACT = 1000
"""Places up to here are played through; those behind are estimated."""

_TURNS = f"""
SELECT owner_id, waiting, running, served FROM studio_queueturn AS turn
WHERE queue = %(queue)s AND waiting > 0 ORDER BY {ORDER} LIMIT %(limit)s
"""
# Of the mean over a model's newest finished renders of a purpose.
_NEWEST = 50
_PACE = f"""
SELECT avg(seconds_per_frame) FROM (
    SELECT seconds_per_frame FROM studio_renderjob AS past
    WHERE past.model_file_id = {{model}} AND past.purpose = {{purpose}} AND past.status = 'completed'
        AND past.seconds_per_frame IS NOT NULL
    ORDER BY past.finished_at DESC LIMIT {_NEWEST}
) AS newest
"""
# All in one statement, for every look at a render asks it. Running renders are as many as there are workers.
_BUSY = f"""
WITH running AS (
    SELECT model_file_id, purpose, count(*) AS jobs, coalesce(sum(eta_seconds), 0) AS known,
        coalesce(sum(greatest(0, frames_total - frames_done)) FILTER (WHERE eta_seconds IS NULL), 0) AS lacking
    FROM studio_renderjob WHERE status = 'running' GROUP BY 1, 2
), waiting AS (
    SELECT queue, due, model_file_id, purpose, sum(jobs) AS jobs, sum(frames) AS lacking
    FROM studio_queuetotal WHERE jobs > 0 GROUP BY 1, 2, 3, 4
), kinds AS (
    SELECT model_file_id, purpose FROM running UNION SELECT model_file_id, purpose FROM waiting
), paces AS (
    SELECT model_file_id, purpose, ({_PACE.format(model="kinds.model_file_id", purpose="kinds.purpose")}) AS pace
    FROM kinds
)
SELECT
    (SELECT coalesce(json_agg(json_build_array(model_file_id, purpose, jobs, known, lacking)), '[]') FROM running),
    (SELECT coalesce(json_agg(json_build_array(queue, due, model_file_id, purpose, jobs, lacking)), '[]') FROM waiting),
    (SELECT coalesce(json_agg(json_build_array(model_file_id, purpose, pace)), '[]') FROM paces)
"""


@dataclass(frozen=True)
class QueueFigures:
    """Counts of all users, and one job's place. Seconds throughout."""

    total_jobs_processing: int
    total_jobs_in_queue: int
    estimated_time_processing_jobs: int
    estimated_time_for_all_jobs: int
    your_position: int | None = None
    your_estimated_time: int | None = None


class QueueSnapshot:
    """The queue as it is now, for the figures of any number of jobs. Tells nothing of whose the others are."""

    def __init__(self) -> None:
        with all_tenants(), connection.cursor() as cursor:
            cursor.execute(_BUSY)
            running, waiting, paces = cursor.fetchone()
        self._pace = {(model, purpose): pace for model, purpose, pace in paces}
        self._running = sum(count for _, _, count, _, _ in running)
        self._processing = sum(
            known + lacking * self._seconds_per_frame(model, purpose) for model, purpose, _, known, lacking in running
        )
        self._due: dict[str, int] = defaultdict(int)
        self._queued, self._queued_seconds = 0, 0.0
        for queue, due, model, purpose, count, left in waiting:
            self._queued += count
            self._queued_seconds += left * self._seconds_per_frame(model, purpose)
            self._due[queue] += count if due else 0
        self._order: _Order | None = None
        self._own: dict[tuple[int, str], dict[int, int]] = {}
        self._waiting: dict[tuple[int, str], int] = {}

    def figures(self, job: RenderJob | None = None) -> QueueFigures:
        """How busy the studio is, and where this job stands (a running one is first).

        The place is the order in which the jobs would be claimed from now on, users' turns included, if none came and
        none ended; it is exact up to EXACT. The time takes the mean of what waits for the jobs ahead.
        """
        position = mine = None
        if job is not None and job.status == RenderJob.Status.RUNNING:
            position, mine = 1, self._remaining(job)
        elif job is not None and job.status == RenderJob.Status.QUEUED:
            with all_tenants():
                position = self._place(job)
            own = self._remaining(job)
            others = max(0.0, self._queued_seconds - own) / max(1, self._queued - 1)
            mine = self._processing + (position - 1) * others + own
        return QueueFigures(
            total_jobs_processing=self._running,
            total_jobs_in_queue=self._queued,
            estimated_time_processing_jobs=round(self._processing),
            estimated_time_for_all_jobs=round(self._processing + self._queued_seconds),
            your_position=position,
            your_estimated_time=None if mine is None else round(mine),
        )

    def _place(self, job: RenderJob) -> int:
        if job.provider != "local":
            # Handed over already: it waits for none of ours.
            return 1
        if job.not_before is not None:
            # Behind what is due now, in the order in which they will be.
            earlier = RenderJob.objects.queued().filter(not_before__lt=job.not_before)[:EXACT].count()
            return sum(self._due.values()) + earlier + 1
        key = (job.owner_id, job.queue)
        if key not in self._own:
            due = RenderJob.objects.queued().filter(
                owner_id=job.owner_id, queue=job.queue, provider="local", not_before=None
            )
            first = due.order_by("-priority", "queued_at", "pk").values_list("pk", flat=True)[:EXACT]
            self._own[key] = {pk: place for place, pk in enumerate(first)}
        own = self._own[key].get(job.pk, len(self._own[key]))
        if self._order is None:
            self._order = _Order()
        places = self._order.places.get(key, ())
        if own < len(places):
            return places[own]
        return self._estimate(job, own)

    def _estimate(self, job: RenderJob, own: int) -> int:
        """Behind EXACT: all of the queues before, and of its own the share that the user's own jobs before it are."""
        key = (job.owner_id, job.queue)
        if key not in self._waiting:
            turns = QueueTurn.objects.filter(owner_id=job.owner_id, queue=job.queue)
            self._waiting[key] = turns.values_list("waiting", flat=True).first() or 1
        waiting = max(own + 1, self._waiting[key])
        before = 0
        for name in settings.RENDER_QUEUES:
            if name == job.queue:
                break
            before += self._due[name]
        there = before + round(self._due[job.queue] * (own + 1) / waiting)
        played = self._order.played if self._order else 0
        return max(there, played + 1)

    def _remaining(self, job: RenderJob) -> float:
        """Seconds that the job still needs."""
        if job.eta_seconds is not None and job.status == RenderJob.Status.RUNNING:
            return job.eta_seconds
        return self._seconds_per_frame(job.model_file_id, job.purpose) * max(0, job.frames_total - job.frames_done)

    def _seconds_per_frame(self, model_file_id: int, purpose: str) -> float:
        key = (model_file_id, purpose)
        if key not in self._pace:
            self._pace[key] = seconds_per_frame(model_file_id=model_file_id, purpose=purpose)
        mean = self._pace[key]
        return SECONDS_PER_FRAME if mean is None else mean


class _Order:
    """The first EXACT claims from now on, played through with what the counters say of each user.

    ``places``: user and queue -> the places of the user's jobs there, the first being 1.
    """

    def __init__(self) -> None:
        self.places: dict[tuple[int, str], list[int]] = defaultdict(list)
        self.played = 0
        self._taken: dict[int, int] = defaultdict(int)
        self._served: dict[int, tuple[int, int]] = {}
        known = tuple(settings.RENDER_QUEUES)
        for queue in known:
            if self.played < EXACT:
                self._play(queue)

    def _play(self, queue: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_TURNS, {"queue": queue, "limit": EXACT})
            rows = cursor.fetchall()
        left: dict[int, int] = {}
        running: dict[int, int] = {}
        heap: list[tuple[int, tuple[int, Any], int, int]] = []
        for turn, (owner, waiting, at_work, served) in enumerate(rows):
            left[owner], running[owner] = waiting, at_work
            last = self._served.get(owner, (0, 0) if served is None else (1, served))
            # Of those who are even so far, the one whose turn comes first by the rest of the order.
            heap.append((at_work + self._taken[owner], last, turn, owner))
        heapq.heapify(heap)
        while heap and self.played < EXACT:
            *_, owner = heapq.heappop(heap)
            self.played += 1
            self.places[owner, queue].append(self.played)
            self._taken[owner] += 1
            # Later than any claim so far.
            self._served[owner] = (2, self.played)
            left[owner] -= 1
            if left[owner]:
                heapq.heappush(heap, (running[owner] + self._taken[owner], self._served[owner], 0, owner))


def seconds_per_frame(*, model_file_id: int, purpose: str) -> float:
    """The mean over the newest finished jobs of this model and purpose."""
    with all_tenants(), connection.cursor() as cursor:
        cursor.execute(_PACE.format(model="%s", purpose="%s"), [model_file_id, purpose])
        (mean,) = cursor.fetchone()
    return SECONDS_PER_FRAME if mean is None else float(mean)
