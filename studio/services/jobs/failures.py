"""What failed lately, by its code: one statement over an index, however many renders there are."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from django.db.models import Count, Max, Min
from django.db.models.functions import Now

from studio.models import RenderJob
from tenants.scope import all_tenants

PERIODS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
"""By the name that the page's address has for them."""
CODES = 100
"""Kinds of failures at most, those with the most renders."""


class FailureRow(TypedDict):
    """All failures with one code."""

    code: str
    renders: int
    owners: int
    first: RenderJob
    last: RenderJob
    """The newest, whose words stand for the others'."""


def failures(period: str) -> list[FailureRow]:
    """Of the period, the most frequent first. Over all tenants, for staff. Raises KeyError for no period."""
    since = Now() - PERIODS[period]
    with all_tenants():
        failed = RenderJob.objects.filter(status=RenderJob.Status.FAILED, finished_at__gte=since)
        groups = list(
            failed.order_by()
            .values("error_code")
            .annotate(renders=Count("pk"), owners=Count("owner", distinct=True), newest=Max("pk"), oldest=Min("pk"))
            .order_by("-renders", "error_code")[:CODES]
        )
        wanted = {pk for group in groups for pk in (group["newest"], group["oldest"])}
        rows = RenderJob.objects.select_related("model_file", "owner").defer("plan", "parameters", "cause")
        jobs = rows.in_bulk(wanted)
    return [
        {
            "code": group["error_code"],
            "renders": group["renders"],
            "owners": group["owners"],
            "first": jobs[group["oldest"]],
            "last": jobs[group["newest"]],
        }
        for group in groups
    ]
