"""What came in and what was spent, for staff: sums over an index alone, over all tenants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Case, Count, F, Sum, When
from django.db.models.functions import Trunc

from commerce.models import RENDER, FinanceOperation, Order
from config.platform.cache import kept_figures
from tenants.scope import all_tenants


class Income(NamedTuple):
    """Of one currency in one step of time: of the orders that were paid then, what went back is counted with them."""

    moment: datetime
    currency: str
    orders: int
    amount: Decimal
    back: Decimal
    """Of ``amount``, paid back until now."""
    credits: int
    """That the orders brought."""


def income(since: datetime, step: str) -> list[Income]:
    """Of orders paid since then. step: ``hour`` or ``day``."""
    return kept_figures(f"income:{since.isoformat()}:{step}", lambda: _income(since, step))


def _income(since: datetime, step: str) -> list[Income]:
    back = Case(When(status=Order.Status.REFUNDED, then=F("total_cost")), default=F("refunded_amount"))
    rows = (
        Order.objects.filter(paid_at__gte=since)
        .order_by()
        .values("currency", moment=Trunc("paid_at", step))
        .annotate(orders=Count("*"), amount=Sum("total_cost"), back=Sum(back), brought=Sum("credits"))
    )
    return [Income(*row) for row in rows.values_list("moment", "currency", "orders", "amount", "back", "brought")]


class Takings(NamedTuple):
    """Of one currency."""

    orders: int = 0
    amount: Decimal = Decimal(0)
    back: Decimal = Decimal(0)

    def with_(self, row: Income) -> Takings:
        return Takings(self.orders + row.orders, self.amount + row.amount, self.back + row.back)


def by_currency(rows: Iterable[Income]) -> dict[str, Takings]:
    found: dict[str, Takings] = {}
    for row in rows:
        found[row.currency] = found.get(row.currency, Takings()).with_(row)
    return dict(sorted(found.items()))


def credits_spent(since: datetime, step: str) -> dict[datetime, int]:
    """On renders, less what came back, by step."""
    return kept_figures(f"credits:{since.isoformat()}:{step}", lambda: _credits_spent(since, step))


def _credits_spent(since: datetime, step: str) -> dict[datetime, int]:
    kinds = FinanceOperation.Type
    signed = Case(When(type=kinds.WRITE_OFF, then=F("amount")), default=-F("amount"))
    with all_tenants():
        rows = (
            FinanceOperation.objects.filter(
                created_at__gte=since, reference_type=RENDER, status=FinanceOperation.Status.EXECUTED
            )
            .order_by()
            .values(moment=Trunc("created_at", step))
            .annotate(spent=Sum(signed))
        )
        return {row["moment"]: int(row["spent"]) for row in rows}


def waiting_operations() -> int:
    """That wait for somebody to approve them."""
    with all_tenants():
        return FinanceOperation.objects.filter(status__in=FinanceOperation.OPEN).count()
