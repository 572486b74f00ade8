"""The queue: which job comes next, and the knock on the workers' door.

The rows are the truth. A message in Redis only wakes a worker, which then claims whatever is due: so a lost message
delays a job until the reaper knocks again, and never loses it.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence

import django_rq
from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from redis.exceptions import RedisError
from rq import Worker
from rq.worker import WorkerStatus

from studio.models import QueueTotal, RenderJob
from studio.models.jobs import lease_end
from studio.services.jobs.drains import is_drained
from studio.services.jobs.states import show_on_video
from studio.services.jobs.turns import lock_next_user, next_job, recount_user, ripen
from tenants.scope import all_tenants

logger = logging.getLogger(__name__)

KNOCKS = 100
"""Messages that a queue gets while no worker is known."""

_TRIES, _PAUSE_SECONDS = 20, 0.05
"""How often, and how far apart, a claim comes back to jobs that others hold."""


def queue_for(*, purpose: str, frames: int, priority: int | None) -> str:
    """Which queue a job waits in: an explicit priority decides, else previews go before finals."""
    if priority:
        if priority >= 50:
            return settings.HIGH_PRIORITY_QUEUE
        return settings.MEDIUM_PRIORITY_QUEUE if priority > 0 else settings.LOW_PRIORITY_QUEUE
    if purpose == RenderJob.Purpose.PREVIEW:
        return settings.HIGH_PRIORITY_QUEUE if frames == 1 else settings.MEDIUM_PRIORITY_QUEUE
    return settings.LOW_PRIORITY_QUEUE


def move_from_unknown_queues(*, limit: int = 100) -> int:
    """Jobs that wait in a queue that the settings no longer name go into those that they do; answers how many."""
    with all_tenants():
        waiting = QueueTotal.objects.filter(jobs__gt=0).exclude(queue__in=settings.RENDER_QUEUES)
        unknown = list(waiting.values_list("queue", flat=True).distinct())
        moved = 0
        for job in RenderJob.objects.queued().filter(queue__in=unknown).order_by("queued_at")[:limit]:
            name = queue_for(purpose=job.purpose, frames=job.frames_total, priority=job.priority or None)
            moved += RenderJob.objects.queued().filter(pk=job.pk).update(queue=name)
    if moved:
        logger.warning("%d renders waited in queues that no setting names (%s); moved", moved, ", ".join(unknown))
    return moved


def wake_worker(job: RenderJob) -> None:
    """Put a message with the job's id into its queue."""
    try:
        django_rq.get_queue(job.queue).enqueue("studio.tasks.render", job.pk, result_ttl=0, failure_ttl=3600)
    except RedisError:
        # The row waits; the reaper knocks again when Redis is back.
        logger.warning("Redis did not take the message for render %s", job.pk)


def knock(*queues: str) -> int:
    """Send the messages that the queues lack: lost with Redis, or eaten by a worker that died before its claim.

    No more than wait, and than there are idle workers, who listen to several queues and count for the first that lacks
    them: a busy one looks for more by itself when it is done. Where none is known, since Redis lost their names too,
    KNOCKS at most. Answers how many; a message too many finds nothing to claim and does no harm.
    """
    totals = QueueTotal.objects.filter(queue__in=queues, due=True).values_list("queue")
    waiting = {name: jobs for name, jobs in totals.annotate(jobs=Sum("jobs")) if jobs > 0}
    sent = 0
    try:
        listeners = {name: set(Worker.all_keys(queue=django_rq.get_queue(name))) for name in waiting}
        known = sorted(set().union(*listeners.values()))
        idle = _idle(known)
        for name in (name for name in queues if name in waiting):
            messages = django_rq.get_queue(name)
            free = sorted(listeners[name] & idle)
            wanted = min(waiting[name], len(free) if known else KNOCKS)
            idle.difference_update(free[:wanted])
            for _ in range(wanted - messages.count):
                messages.enqueue("studio.tasks.render", None, result_ttl=0, failure_ttl=3600)
                sent += 1
    except RedisError:
        logger.warning("Redis does not answer; what waits in %s is not knocked for", ", ".join(waiting))
    return sent


def _idle(workers: Sequence[str]) -> set[str]:
    """Those of the workers' keys whose worker listens."""
    if not workers:
        return set()
    with django_rq.get_connection(settings.RENDER_QUEUES[0]).pipeline(transaction=False) as asked:
        for key in workers:
            asked.hget(key, "state")
        states = asked.execute()
    return {key for key, state in zip(workers, states, strict=True) if state == WorkerStatus.IDLE.encode()}


def claim_next(*, worker: str, queues: Sequence[str]) -> RenderJob | None:
    """Take the job that is due for this worker and lease it; None when nothing waits.

    Queues in order; within a queue the user with the fewest running renders first, then the one served longest ago,
    so that nobody's hundred jobs starve another's one; within a user priority, then age. A drained worker takes none.
    """
    with all_tenants():
        ripen()
        for _ in range(_TRIES):
            if is_drained(worker):
                return None
            held = False
            for queue in queues:
                job, missed = _claim_from(queue, worker)
                if job is not None:
                    return job
                held = held or missed
            if not held:
                return None
            # Somebody moves what waits, or writes its video, for a moment.
            time.sleep(_PAUSE_SECONDS)
    return None


def _claim_from(queue: str, worker: str) -> tuple[RenderJob | None, bool]:
    """The job of the queue that is due, leased. Without one: whether others hold something that waits there."""
    passed: list[int] = []
    while True:
        with transaction.atomic():
            owner, certain = lock_next_user(queue, passed)
            if owner is None:
                return None, bool(passed)
            if not certain:
                continue
            if job := next_job(owner, queue):
                job.move(
                    RenderJob.Status.RUNNING,
                    lease_id=uuid.uuid4(),
                    lease_expires_at=lease_end(),
                    not_before=None,
                    attempts=job.attempts + 1,
                    worker=worker[:128],
                    started_at=timezone.now(),
                )
                show_on_video(job)
                return job, False
            # Held by others, or counted wrong.
            recount_user(owner)
        passed.append(owner)
