"""What GPU credits were spent on, by period and effect."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal, TypedDict, cast

from django.db.models import Count, Min, QuerySet, Sum
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek
from django.utils import timezone

from commerce.models import RENDER, FinanceOperation
from tenants.scope import all_tenants

Granularity = Literal["day", "week", "month"]
_TRUNC = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}

# "from" is no Python name.
SpendingPeriodRow = TypedDict("SpendingPeriodRow", {"from": date, "to": date})


class EffectSpendingRow(TypedDict):
    effect_id: int
    effect_name: str
    tokens_spent: int
    usage_count: int


class PeriodSpendingRow(TypedDict):
    period: Annotated[date, "Its first day."]
    tokens_spent: int
    usage_count: int


class TokenSpendingRow(TypedDict):
    total_tokens_spent: int
    total_transactions: int
    period: SpendingPeriodRow
    by_effect: list[EffectSpendingRow]
    by_period: list[PeriodSpendingRow]


@all_tenants()
def token_spending(*, since: date | None, until: date | None, granularity: Granularity) -> TokenSpendingRow:
    """Credits paid for renders from ``since`` to ``until``, both days included; all of them without bounds."""
    spent = _spent(since, until)
    totals = spent.aggregate(credits=Sum("amount"), count=Count("id"), first=Min("created_at"))
    today = timezone.now().date()
    of_effects = spent.filter(effect_id__isnull=False)
    by_effect = of_effects.order_by().values("effect_id")
    # As they were called when they were last paid for.
    latest = of_effects.order_by("effect_id", "-id").distinct("effect_id")
    names = dict(latest.values_list("effect_id", "effect_name"))
    by_period = spent.order_by().annotate(start=_TRUNC[granularity]("created_at", tzinfo=UTC)).values("start")
    return {
        "total_tokens_spent": totals["credits"] or 0,
        "total_transactions": totals["count"],
        "period": {
            "from": since or (totals["first"].date() if totals["first"] else until or today),
            "to": until or today,
        },
        "by_effect": [
            {
                "effect_id": cast(int, row["effect_id"]),
                "effect_name": names[row["effect_id"]],
                "tokens_spent": row["credits"],
                "usage_count": row["count"],
            }
            for row in by_effect.annotate(credits=Sum("amount"), count=Count("id")).order_by("-credits", "effect_id")
        ],
        "by_period": [
            {"period": row["start"].date(), "tokens_spent": row["credits"], "usage_count": row["count"]}
            for row in by_period.annotate(credits=Sum("amount"), count=Count("id")).order_by("start")
        ],
    }


def _spent(since: date | None, until: date | None) -> QuerySet[FinanceOperation, FinanceOperation]:
    entries: QuerySet[FinanceOperation, FinanceOperation] = FinanceOperation.objects.filter(
        reference_type=RENDER,
        type=FinanceOperation.Type.WRITE_OFF,
        status=FinanceOperation.Status.EXECUTED,
    )
    if since is not None:
        entries = entries.filter(created_at__gte=datetime.combine(since, time(), UTC))
    if until is not None:
        entries = entries.filter(created_at__lt=datetime.combine(until + timedelta(days=1), time(), UTC))
    return entries
