"""Figures of the whole studio and of its users, for staff."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import django_rq
from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone
from redis.exceptions import RedisError
from rq.worker import Worker

from studio.models import RenderJob, Video
from tenants.scope import all_tenants

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Overview:
    """Renders by state (those that ended: since midnight UTC) and how many workers listen; None when Redis is away."""

    running: int
    queued: int
    paused: int
    completed_today: int
    failed_today: int
    workers: int | None


def overview() -> Overview:
    """How the studio is doing, in one query and one word with Redis."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    today = Q(finished_at__gte=midnight)
    status = RenderJob.Status
    # The studio as a whole, whoever asks: counts tell nothing of anybody's work.
    with all_tenants():
        counts = RenderJob.objects.filter(today | Q(status__in=RenderJob.ACTIVE)).aggregate(
            running=Count("pk", filter=Q(status=status.RUNNING)),
            queued=Count("pk", filter=Q(status=status.QUEUED)),
            paused=Count("pk", filter=Q(status=status.PAUSED)),
            completed_today=Count("pk", filter=Q(status=status.COMPLETED)),
            failed_today=Count("pk", filter=Q(status=status.FAILED)),
        )
    return Overview(**counts, workers=_workers())


def work_of(user_ids: Sequence[int]) -> dict[str, dict[int, int]]:
    """How many videos and renders users have, as the hook ``user_figures`` wants them."""
    return {name: _owned(model, user_ids) for name, model in (("videos", Video), ("jobs", RenderJob))}


def _owned(model: type[Video] | type[RenderJob], user_ids: Sequence[int]) -> dict[int, int]:
    rows = model.objects.filter(owner__in=user_ids).order_by().values("owner")
    return dict(rows.annotate(n=Count("pk")).values_list("owner", "n"))


def _workers() -> int | None:
    try:
        return Worker.count(connection=django_rq.get_connection(settings.RENDER_QUEUES[0]))
    except RedisError:
        logger.warning("Redis does not answer; the workers can't be counted")
        return None
