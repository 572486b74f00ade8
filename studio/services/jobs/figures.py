"""Figures of the whole studio and of its users, for staff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Min
from django.db.models.functions import Trunc
from django.utils import timezone

from config.platform.cache import kept_figures
from studio.models import RenderJob, Video
from tenants.scope import all_tenants


class Overview(NamedTuple):
    """Renders that have not ended, by state."""

    running: int = 0
    queued: int = 0
    paused: int = 0


def overview() -> Overview:
    """How the studio is doing: counts tell nothing of anybody's work."""
    with all_tenants():
        active = RenderJob.objects.filter(status__in=RenderJob.ACTIVE).order_by().values("status")
        return Overview(**dict(active.annotate(n=Count("pk")).values_list("status", "n")))


class Waiting(NamedTuple):
    """A queue."""

    queue: str
    depth: int
    longest_wait: float
    """Seconds that its oldest render has waited."""


def waiting() -> list[Waiting]:
    """What waits in each queue, the quickest first; those that staff have taken out of the settings as well."""
    with all_tenants():
        queued = RenderJob.objects.filter(status=RenderJob.Status.QUEUED).order_by().values("queue")
        rows = {row["queue"]: row for row in queued.annotate(depth=Count("pk"), oldest=Min("queued_at"))}
    now = timezone.now()
    names = [*settings.RENDER_QUEUES, *sorted(set(rows) - set(settings.RENDER_QUEUES))]
    return [
        Waiting(name, rows[name]["depth"], max(0.0, (now - rows[name]["oldest"]).total_seconds()))
        if name in rows
        else Waiting(name, 0, 0.0)
        for name in names
    ]


class Ended(NamedTuple):
    """Renders that ended in a step of time in the same way."""

    moment: datetime
    status: str
    code: str
    """Why they failed."""
    renders: int


def ended(since: datetime, step: str) -> list[Ended]:
    """What ended since then. step: ``hour`` or ``day``."""
    return kept_figures(f"ended:{since.isoformat()}:{step}", lambda: _ended(since, step))


def _ended(since: datetime, step: str) -> list[Ended]:
    with all_tenants():
        rows = (
            RenderJob.objects.filter(finished_at__gte=since)
            .order_by()
            .values("status", "error_code", moment=Trunc("finished_at", step))
            .annotate(renders=Count("*"))
        )
        return [Ended(row["moment"], row["status"], row["error_code"], row["renders"]) for row in rows]


def work_of(user_ids: Sequence[int]) -> dict[str, dict[int, int]]:
    """How many videos and renders users have, as the hook ``user_figures`` wants them."""
    return {name: _owned(model, user_ids) for name, model in (("videos", Video), ("jobs", RenderJob))}


def _owned(model: type[Video] | type[RenderJob], user_ids: Sequence[int]) -> dict[int, int]:
    rows = model.objects.filter(owner__in=user_ids).order_by().values("owner")
    return dict(rows.annotate(n=Count("pk")).values_list("owner", "n"))
