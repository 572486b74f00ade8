"""The timeline of a render: what became of it, and what staff did with it, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import AuditEntry
from studio.models import RenderEvent, RenderJob
from tenants.scope import all_tenants

SHOWN = 200
"""Steps of one render, the newest of them."""
SWEPT_AT_ONCE = 5000

_LOOKED_AT = 1000
"""Entries of the audit log about the owner, the newest of them."""
_STATUS = RenderJob.Status


@dataclass(frozen=True)
class Step:
    """Something that happened to a render."""

    at: datetime
    what: str
    worker: str = ""
    attempt: int = 0
    said: str = ""
    """Why, or what went wrong."""


def timeline_of(job: RenderJob) -> list[Step]:
    """From its queueing on, the oldest first. For staff: over all tenants."""
    with all_tenants():
        events = list(RenderEvent.objects.filter(job=job).order_by("-pk")[:SHOWN])
    steps = [Step(job.queued_at, f"queued in {_first_queue(job, events)}"), *_done_by_staff(job), *map(_step, events)]
    return sorted(steps, key=lambda step: step.at)[-SHOWN:]


def sweep_events() -> int:
    """Remove the steps that are older than TIMELINE_DAYS, the oldest SWEPT_AT_ONCE; answers how many."""
    before = timezone.now() - timedelta(days=settings.TIMELINE_DAYS)
    with all_tenants():
        # By their numbers, which are given in order of time: no index of its own.
        oldest = RenderEvent.objects.order_by("pk").values_list("pk", "at")[:SWEPT_AT_ONCE]
        old = [pk for pk, at in oldest if at < before]
        return RenderEvent.objects.filter(pk__in=old).delete()[0] if old else 0


def _first_queue(job: RenderJob, newest_first: list[RenderEvent]) -> str:
    moves = [event.before for event in newest_first if event.kind == RenderEvent.Kind.QUEUE]
    return moves[-1] if moves else job.queue


def _step(event: RenderEvent) -> Step:
    return Step(event.at, _words(event), event.worker, event.attempt if event.worker else 0, event.said)


def _words(event: RenderEvent) -> str:
    if event.kind != RenderEvent.Kind.STATUS:
        return f"{event.kind} {event.before} → {event.after}"
    if event.after == _STATUS.RUNNING:
        return f"claimed, attempt {event.attempt}"
    if event.after == _STATUS.QUEUED:
        return "resumed" if event.before == _STATUS.PAUSED else f"back in the queue after {event.frames_done} frames"
    return event.after if not event.frames_done else f"{event.after} after {event.frames_done} frames"


def _done_by_staff(job: RenderJob) -> Iterator[Step]:
    about = AuditEntry.objects.filter(subject_id=job.owner_id).order_by("-pk").values("pk")[:_LOOKED_AT]
    entries = AuditEntry.objects.filter(pk__in=about, event__startswith="render.", detail__render=job.pk)
    for entry in entries.select_related("actor").order_by("-pk")[:SHOWN]:
        detail = entry.detail if isinstance(entry.detail, dict) else {}
        who = entry.actor.email if entry.actor else "somebody"
        yield Step(entry.at, f"{entry.event.removeprefix('render.').replace('_', ' ')} by {who}",
                   said=str(detail.get("reason", "")))  # fmt: skip
