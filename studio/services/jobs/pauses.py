"""Renders that a console has paused: the GPU goes to others, frames and credits stay."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from studio.models import RenderJob, SteeringCommand
from studio.services.jobs.attempts import uncounted
from studio.services.jobs.queue import wake_worker
from studio.services.jobs.states import show_on_video

WAKING = ("resume", "stop")
"""Commands that need a worker; the others wait until there is one."""


def pause_render(job: RenderJob, *, lease_id: UUID) -> bool:
    """The worker gives the GPU back: all that the render needs to go on is on disk, and its price stays held."""
    with transaction.atomic():
        paused = job.move(
            RenderJob.Status.PAUSED,
            holding=lease_id,
            lease_id=None,
            lease_expires_at=None,
            eta_seconds=None,
            paused_at=Now(),
            **uncounted(),
        )
        if paused:
            show_on_video(job)
            # Whoever gives a command holds the job's row, which this transaction has: what came before is seen here,
            # and what comes after sees the pause.
            waiting = SteeringCommand.objects.filter(job=job, state=SteeringCommand.State.WAITING, kind__in=WAKING)
            if waiting.exists():
                resume_render(job)
    return paused


def resume_render(job: RenderJob) -> bool:
    """A paused render waits for a worker again, as long as it has waited before. Answers whether it was paused."""
    with transaction.atomic():
        if job.status != RenderJob.Status.PAUSED:
            return False
        resumed = job.move(RenderJob.Status.QUEUED, paused_at=None)
        if resumed:
            show_on_video(job)
            transaction.on_commit(partial(wake_worker, job))
    return resumed
