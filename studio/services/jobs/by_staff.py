"""What staff do with renders: the verbs of everybody else, with who did it, and why, in the audit log.

Each raises ValidationFailed for a ``reason`` that says nothing.
"""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.services.audit import record
from config.api.errors import Conflict, DomainError, NotFound, refuse
from config.api.why import check_reason
from studio.models import RenderJob
from studio.providers import LOCAL
from studio.services.jobs.lifecycle import cancel_render, prepare_again, queue_render
from studio.services.jobs.queue import wake_worker
from studio.services.steering.jobs import ensure_unfinished
from tenants.scope import tenant_scope

PRIORITIES = range(-100, 101)
"""As the API takes them."""


def cancel_by_staff(job: RenderJob, *, by: User, reason: str) -> RenderJob:
    """Cancel a render that is not over. Raises DomainError ``job_finished`` (409)."""
    reason = check_reason(reason)
    with tenant_scope(job.tenant_id), transaction.atomic():
        job = _locked(job)
        before = job.status
        ensure_unfinished(job)
        cancel_render(job)
        record("render.cancelled", actor=by, subject=job.owner, render=job.pk, before=before, after=job.status,
               reason=reason)  # fmt: skip
    return job


def retry_by_staff(job: RenderJob, *, by: User, reason: str) -> RenderJob:
    """Queue a failed or cancelled render again, for its owner. Raises what ``retry_render`` raises."""
    reason = check_reason(reason)
    prepared = prepare_again(job)
    with tenant_scope(job.tenant_id), transaction.atomic():
        again = queue_render(prepared)
        record("render.retried", actor=by, subject=job.owner, render=job.pk, before=job.status, after=again.status,
               again=again.pk, reason=reason)  # fmt: skip
    return again


def move_to_queue(job: RenderJob, queue: str, *, by: User, reason: str, seen: str | None = None) -> RenderJob:
    """Let a render that waits, or is paused, wait in another queue.

    seen: the queue that whoever decides saw it in. Raises ValidationFailed for ``queue``, and DomainError
    ``not_waiting`` and ``conflict`` (409).
    """
    reason = check_reason(reason)
    if queue not in settings.RENDER_QUEUES:
        refuse("queue", f"There is no such queue: {', '.join(settings.RENDER_QUEUES)}.")
    with tenant_scope(job.tenant_id), transaction.atomic():
        job = _locked_waiting(job)
        _ensure_as_seen("queue", job.queue, seen)
        if job.queue == queue:
            refuse("queue", f"It waits in {queue} already.")
        before, job.queue = job.queue, queue
        job.save(update_fields=["queue"])
        record("render.moved", actor=by, subject=job.owner, render=job.pk, before=before, after=queue, reason=reason)
        if job.status == RenderJob.Status.QUEUED:
            transaction.on_commit(partial(wake_worker, job))
    return job


def set_priority(job: RenderJob, priority: int, *, by: User, reason: str, seen: int | None = None) -> RenderJob:
    """Say which of its owner's renders in its queue a waiting one comes before. It stays in its queue.

    Raises as ``move_to_queue``, for ``priority``.
    """
    reason = check_reason(reason)
    if priority not in PRIORITIES:
        refuse("priority", f"From {PRIORITIES[0]} to {PRIORITIES[-1]}.")
    with tenant_scope(job.tenant_id), transaction.atomic():
        job = _locked_waiting(job)
        _ensure_as_seen("priority", job.priority, seen)
        if job.priority == priority:
            refuse("priority", f"That is its priority already: {priority}.")
        before, job.priority = job.priority, priority
        job.save(update_fields=["priority"])
        record("render.prioritised", actor=by, subject=job.owner, render=job.pk, before=before, after=priority,
               reason=reason)  # fmt: skip
    return job


def _locked(job: RenderJob) -> RenderJob:
    """As it is now, locked until the transaction ends."""
    rows = RenderJob.objects.select_related("owner").select_for_update(of=("self",), no_key=True)
    found: RenderJob | None = rows.filter(pk=job.pk).first()
    if found is None:
        raise NotFound("There is no such render")
    return found


def _locked_waiting(job: RenderJob) -> RenderJob:
    job = _locked(job)
    ensure_unfinished(job)
    if job.status == RenderJob.Status.RUNNING:
        raise DomainError("not_waiting", "This render is running already; only one that waits has a place.", 409)
    if job.provider != LOCAL:
        raise DomainError("not_waiting", "This render was handed to an encoder outside; it waits in no queue.", 409)
    return job


def _ensure_as_seen(what: str, now: object, seen: object) -> None:
    if seen is not None and seen != now:
        raise Conflict(f"Somebody changed its {what} meanwhile: it is {now} now, and was {seen}.")
