"""What the shop holds of a user. The books stay, as the law wants them; they name a user who is nobody any more."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from accounts.data_holders import Holder, Section, plain_rows, rows_naming
from accounts.models import User
from commerce.models import Order, OrderItem, Product, Wallet


def shown_rows(user: User) -> Iterator[Section]:
    """Wallets, ledger, payments, products and orders of the user; of sales everything but who bought."""
    yield from rows_naming(user, "commerce", leave_out={"Order.seller", "OrderStatusChange.user"})
    yield "commerce.OrderItem", plain_rows(OrderItem.objects.filter(order__customer=user).order_by("pk"))
    sales = plain_rows(Order.objects.filter(seller=user).order_by("pk"))
    yield "commerce.Order.seller", ({k: v for k, v in row.items() if k != "customer_id"} for row in sales)


def erase_details(user: User) -> None:
    """Where money was to be paid out to, and what the user offered; orders keep what they sold by name."""
    Wallet.objects.filter(user=user).update(info="")
    offered = Product.objects.filter(seller=user)
    offered.update(description="", active=False)
    offered.filter(deleted_at=None).update(deleted_at=timezone.now())


HOLDER = Holder(rows=shown_rows, erase=erase_details)
