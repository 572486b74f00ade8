"""How long customers wait, over the newest requests: bounded, however many there are."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict, cast

from django.db.models import Avg, Count, F

from support.models import SupportRequest

NEWEST = 1_000
"""Requests that the averages are of."""


class TimesRow(TypedDict):
    requests: int
    answered: int
    first_response: timedelta | None
    """On average."""
    closed: int
    resolution: timedelta | None
    """On average."""


def response_times() -> TimesRow:
    newest = SupportRequest.objects.order_by("-id").annotate(
        response=F("first_response_at") - F("created_at"), resolved=F("closed_at") - F("created_at")
    )
    found = newest[:NEWEST].aggregate(
        requests=Count("pk"),
        answered=Count("response"),
        first_response=Avg("response"),
        closed=Count("resolved"),
        resolution=Avg("resolved"),
    )
    return cast(TimesRow, found)
