"""What a payment provider can do."""

from __future__ import annotations

from abc import ABC, abstractmethod

from accounts.models import User
from commerce.models import Order, OrderRefund


class PaymentProvider(ABC):
    """Collects the money of orders and pays it back.

    ``collect``, ``give_back`` and ``give_part`` belong to the transaction that moves the order and touch nothing but
    the database;
    ``withdraw``, ``send_back`` and ``send_part`` talk to the outside and run outside any transaction.
    """

    def ensure_available(self) -> None:  # noqa: B027 - most providers always are
        """Raises DomainError ``payment_method_unavailable`` (422)."""

    @abstractmethod
    def collect(self, order: Order, *, by: User | None) -> None:
        """Take the order's total. Raises DomainError when ``by`` can't make the money come."""

    def give_back(self, order: Order) -> None:  # noqa: B027 - most providers keep no money here
        """Return what ``collect`` took, as far as it is kept in our own database."""

    def withdraw(self, order: Order) -> None:  # noqa: B027 - most providers have not begun anything
        """Stop waiting for the money of an order that will be cancelled."""

    def send_back(self, order: Order) -> None:  # noqa: B027 - most providers have nothing to send
        """Have the outside return the money; may be called again."""

    def give_part(self, order: Order, refund: OrderRefund) -> None:  # noqa: B027 - most providers keep no money here
        """Return a part, as far as it is kept in our own database. Raises DomainError when none can be returned now."""

    def send_part(self, refund: OrderRefund) -> bool:
        """Have the outside return a part; may be called again. False if it did not."""
        return True
