"""Amounts in templates."""

from __future__ import annotations

from decimal import Decimal

from django import template

from commerce.services.currencies import smallest

register = template.Library()


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """``{{ order.total_cost|money:order.currency }}``: 9.9 USD is 9.90, 500 JPY is 500."""
    return f"{amount.quantize(smallest(currency)):f}"
