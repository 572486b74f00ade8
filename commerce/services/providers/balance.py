"""Payment from the personal balance."""

from __future__ import annotations

from accounts.models import User
from commerce.models import Order, OrderRefund
from commerce.payment_provider import PaymentProvider
from commerce.services.ledger import enroll, of_order, write_off
from commerce.services.wallets import personal_balance
from config.api.errors import DomainError


class BalanceProvider(PaymentProvider):
    """The customer's own word moves the money, and nobody else's."""

    def collect(self, order: Order, *, by: User | None) -> None:
        if by is None or by.pk != order.customer_id:
            raise DomainError("customer_must_confirm", "Only the customer can pay from their personal balance.")
        write_off(
            wallet=personal_balance(user=order.customer),
            amount=order.total_cost,
            description=f"Order {order.number}",
            **of_order(order, "payment"),
        )

    def give_back(self, order: Order) -> None:
        if order.paid_at is None or order.left == 0:
            return
        enroll(
            wallet=personal_balance(user=order.customer),
            amount=order.left,
            description=f"Order {order.number} was paid back",
            **of_order(order, "payment:refund"),
        )

    def give_part(self, order: Order, refund: OrderRefund) -> None:
        enroll(
            wallet=personal_balance(user=order.customer),
            amount=refund.amount,
            description=f"A part of order {order.number} was paid back",
            **of_order(order, f"payment:refund:{refund.pk}"),
        )
