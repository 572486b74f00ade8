"""What waits for support, for staff."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Min

from support.models import SupportRequest

Status = SupportRequest.Status
WAITING = (Status.OPEN, Status.UNREAD)
"""Requests whose author waits for an answer."""


class Desk(NamedTuple):
    open: int
    """Not closed."""
    waiting: int
    """Of those, with an author who waits."""
    oldest: datetime | None
    """Since when somebody waits."""


def desk() -> Desk:
    left = SupportRequest.objects.filter(status__in=(*WAITING, Status.READ)).order_by()
    waits = left.filter(status__in=WAITING).aggregate(waiting=Count("pk"), oldest=Min("updated_at"))
    return Desk(left.count(), waits["waiting"], waits["oldest"])
