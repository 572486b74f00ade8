"""What waits for moderators, for staff."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Min

from gallery.models import GalleryReport


class Reports(NamedTuple):
    open: int
    oldest: datetime | None


def open_reports() -> Reports:
    waiting = GalleryReport.objects.filter(resolved_at=None)
    return Reports(**waiting.aggregate(open=Count("pk"), oldest=Min("created_at")))
