"""The queue: which job comes next, who waits for how long, and the knock on the workers' door.

The rows are the truth. A message in Redis only wakes a worker, which then claims whatever is due: so a lost message
delays a job until the reaper knocks again, and never loses it.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import django_rq
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from studio.models import QueueTotal, RenderJob
from studio.models.jobs import lease_end
from studio.services.states import show_on_video
from studio.services.turns import lock_next_user, next_job, recount_user, ripen
from tenants.scope import all_tenants

logger = logging.getLogger(__name__)

SECONDS_PER_FRAME = 10.0
"""The estimate for a model that has no history."""

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


def knock(queue: str) -> int:
    """Send the messages that the queue's waiting rows lack: lost with Redis, or eaten by a worker that died before
    its claim. Answers how many; a message too many finds nothing to claim and does no harm.
    """
    waiting = list(RenderJob.objects.due().filter(queue=queue, provider="local").order_by("queued_at"))
    if not waiting:
        return 0
    try:
        missing = waiting[django_rq.get_queue(queue).count :]
    except RedisError:
        logger.warning("Redis does not answer; the queue %s waits", queue)
        return 0
    for job in missing:
        wake_worker(job)
    return len(missing)


def claim_next(*, worker: str, queues: Sequence[str]) -> RenderJob | None:
    """Take the job that is due for this worker and lease it; None when nothing waits.

    Queues in order; within a queue the user with the fewest running renders first, then the one served longest ago,
    so that nobody's hundred jobs starve another's one; within a user priority, then age.
    """
    with all_tenants():
        ripen()
        for _ in range(_TRIES):
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
        with all_tenants():
            active = list(RenderJob.objects.active().defer("plan", "parameters"))
        pace = _Pace()
        self._left = {job.pk: pace.remaining(job) for job in active}
        self._running = [job.pk for job in active if job.status == RenderJob.Status.RUNNING]
        self._queued = [job.pk for job in sorted(active, key=_turn) if job.status == RenderJob.Status.QUEUED]

    def figures(self, job: RenderJob | None = None) -> QueueFigures:
        """How busy the studio is, and where this job stands (a running one is first)."""
        processing = sum(self._left[pk] for pk in self._running)
        position = mine = None
        if job is not None and job.pk in self._running:
            position, mine = 1, self._left[job.pk]
        elif job is not None and job.pk in self._queued:
            position = self._queued.index(job.pk) + 1
            mine = processing + sum(self._left[pk] for pk in self._queued[:position])
        return QueueFigures(
            total_jobs_processing=len(self._running),
            total_jobs_in_queue=len(self._queued),
            estimated_time_processing_jobs=round(processing),
            estimated_time_for_all_jobs=round(sum(self._left.values())),
            your_position=position,
            your_estimated_time=None if mine is None else round(mine),
        )


def seconds_per_frame(*, model_file_id: int, purpose: str) -> float:
    """The mean over the newest finished jobs of this model and purpose."""
    with all_tenants():
        recent = (
            RenderJob.objects.filter(
                model_file_id=model_file_id,
                purpose=purpose,
                status=RenderJob.Status.COMPLETED,
                seconds_per_frame__isnull=False,
            )
            .order_by("-finished_at")
            .values_list("seconds_per_frame", flat=True)[:50]
        )
        history: list[float] = list(recent)
    return sum(history) / len(history) if history else SECONDS_PER_FRAME


def _turn(job: RenderJob) -> tuple[int, int, float, int]:
    """The order in which jobs are due, users' turns aside."""
    names = settings.RENDER_QUEUES
    rank = names.index(job.queue) if job.queue in names else len(names)
    return rank, -job.priority, job.queued_at.timestamp(), job.pk


class _Pace:
    """Seconds that jobs still need; looks each model and purpose up once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], float] = {}

    def remaining(self, job: RenderJob) -> float:
        if job.eta_seconds is not None and job.status == RenderJob.Status.RUNNING:
            return job.eta_seconds
        key = (job.model_file_id, job.purpose)
        if key not in self._known:
            self._known[key] = seconds_per_frame(model_file_id=key[0], purpose=key[1])
        return self._known[key] * (job.frames_total - job.frames_done)
