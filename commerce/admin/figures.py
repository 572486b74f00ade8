"""Money on the overview."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse

from commerce.models import RENDER, FinanceOperation
from commerce.services.figures import Takings, by_currency, credits_spent, income, waiting_operations
from config.staff_figures import Chart, Figure, Part, Period, StaffFigures, staff_figures


def _money(period: Period) -> Part:
    rows = income(period.since, period.step)
    spent = credits_spent(period.since, period.step)
    orders = _list("order", paid_at__gte=period.since.isoformat())
    takings = by_currency(rows)
    sold: dict[datetime, float] = {}
    lines: dict[str, dict[datetime, float]] = {currency: {} for currency in takings}
    for row in rows:
        lines[row.currency][row.moment] = float(row.amount - row.back)
        sold[row.moment] = sold.get(row.moment, 0) + row.credits
    figures = [
        Figure(
            f"Revenue in {currency}",
            _amount(taken.amount - taken.back),
            orders,
            _of(taken),
        )
        for currency, taken in takings.items()
    ] or [Figure("Revenue", "0", orders, "no order was paid")]
    waiting = waiting_operations()
    return Part(
        [
            *figures,
            Figure("Credits sold", f"{int(sum(sold.values())):,}", orders, "by orders that were paid"),
            Figure(
                "Credits spent",
                f"{sum(spent.values()):,}",
                _list("financeoperation", reference_type=RENDER, created_at__gte=period.since.isoformat()),
                "on renders, less what came back",
            ),
            Figure(
                "Operations that wait",
                f"{waiting:,}",
                _list("financeoperation", status__exact=FinanceOperation.Status.PENDING),
                "for finance to decide",
                alarm=waiting > 0,
            ),
        ],
        [
            Chart("Revenue", period, lines),
            Chart("Credits", period, {"sold": sold, "spent": {at: float(n) for at, n in spent.items()}}),
        ],
    )


def _list(model: str, **chosen: object) -> str:
    return f"{reverse(f'admin:commerce_{model}_changelist')}?{urlencode(chosen)}"


def _of(taken: Takings) -> str:
    back = f", {_amount(taken.back)} of {_amount(taken.amount)} paid back" if taken.back else ""
    return f"{taken.orders:,} orders{back}"


def _amount(amount: Decimal) -> str:
    return f"{amount:,.2f}"


staff_figures.plug("money", StaffFigures("Money", "commerce.change_financeoperation", _money, order=40))
