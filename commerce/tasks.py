"""Queue entry points."""

from __future__ import annotations

from commerce.services import orders


def expire_orders() -> None:
    orders.expire_orders()
