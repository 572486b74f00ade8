"""What failed lately, by its code: one statement over an index, however many renders there are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypedDict

from django.db.models import Count, Exists, Max, Min, OuterRef
from django.db.models.functions import Now

from studio.models import RenderJob
from studio.models.jobs import RenderJobQuerySet
from tenants.scope import all_tenants

PERIODS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
"""By the name that the page's address has for them."""
CODES = 100
"""Kinds of failures at most, those with the most renders."""


def to_try_again(code: str, period: str, *, limit: int) -> list[int]:
    """The numbers of the newest that failed with the code in the period and were not asked for again since.

    Over all tenants, for staff. Raises KeyError for no period.
    """
    with all_tenants():
        since = RenderJob.objects.filter(video=OuterRef("video"), pk__gt=OuterRef("pk"))
        left = _failed(period).filter(~Exists(since), error_code=code, video__deleted_at=None).order_by("-pk")
        return list(left.values_list("pk", flat=True)[:limit])


def _failed(period: str) -> RenderJobQuerySet:
    failed: RenderJobQuerySet = RenderJob.objects.filter(
        status=RenderJob.Status.FAILED, finished_at__gte=Now() - PERIODS[period]
    )
    return failed


class FailureRow(TypedDict):
    """All failures with one code."""

    code: str
    renders: int
    owners: int
    first_at: datetime
    last_at: datetime
    job: RenderJob
    """The newest, whose words stand for the others'."""


def failures(period: str) -> list[FailureRow]:
    """Of the period, the most frequent first. Over all tenants, for staff. Raises KeyError for no period."""
    with all_tenants():
        failed = _failed(period)
        groups = list(
            failed.order_by()
            .values("error_code")
            .annotate(
                renders=Count("pk"),
                owners=Count("owner", distinct=True),
                first_at=Min("finished_at"),
                last_at=Max("finished_at"),
                newest=Max("pk"),
            )
            .order_by("-renders", "error_code")[:CODES]
        )
        rows = RenderJob.objects.select_related("model_file").defer("plan", "parameters", "cause")
        jobs = rows.in_bulk([group["newest"] for group in groups])
    return [
        {
            "code": group["error_code"],
            "renders": group["renders"],
            "owners": group["owners"],
            "first_at": group["first_at"],
            "last_at": group["last_at"],
            "job": jobs[group["newest"]],
        }
        for group in groups
    ]
