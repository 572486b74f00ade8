"""Money that staff see arrive: bank transfers and cash. They pay it back by hand, too."""

from __future__ import annotations

from accounts.models import User
from commerce.models import Order
from commerce.payment_provider import PaymentProvider
from config.api.errors import DomainError


class ManualProvider(PaymentProvider):
    def __init__(self, name: str) -> None:
        self._name = name

    def collect(self, order: Order, *, by: User | None) -> None:
        if by is None or not (by.is_administrator or by.has_perm("commerce.change_order")):
            raise DomainError(
                "payment_pending", f"The {self._name} for this order has not been confirmed by staff yet."
            )
