"""What money does for an order: paid, passed on to the seller, paid back. Each step once, in one transaction."""

from __future__ import annotations

from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from commerce.models import (
    PURCHASE,
    FinanceOperation,
    Invoice,
    InvoiceSeries,
    Order,
    OrderRefund,
    OrderStatusChange,
    Payment,
    Wallet,
)
from commerce.services import promo
from commerce.services.ledger import enroll, of_order, write_off
from commerce.services.locks import lock_order, lock_wallets
from commerce.services.products import return_stock
from commerce.services.providers import provider_of
from commerce.services.wallets import balance_wallet, open_credit_wallet, personal_balance
from config.api.errors import DomainError
from tenants.scope import all_tenants


def pay_order(order: Order, *, by: User | None) -> None:
    """Collect the money and grant the credits. ``by`` is None when the provider says that it has it already.

    Call with the order locked, over all tenants. Raises DomainError when the money can't be collected by this caller.
    """
    if order.status != Order.Status.UNPAID or not order.move(Order.Status.PAID, paid_at=timezone.now()):
        raise order_closed(order)
    lock_wallets(_wallets(order))
    if order.total_cost > 0:
        provider_of(order.payment_method).collect(order, by=by)
    if order.credits:
        grant_credits(order, occasion="credits")
    issue_invoice(order)
    record(order, by)


def finish_order(order: Order, *, by: User | None) -> None:
    """The customer has what they paid for: the seller gets the money. Call with the order locked, over all tenants."""
    if order.status != Order.Status.PAID or not order.move(Order.Status.FINISHED):
        raise order_closed(order)
    if order.seller is not None and order.total_cost > 0:
        # So that it isn't deleted, being empty, between being found and getting the money.
        lock_wallets([balance_wallet(user=order.seller)])
        enroll(
            wallet=personal_balance(user=order.seller),
            amount=order.left,
            description=f"Sale {order.number}",
            **of_order(order, "sale"),
        )
    record(order, by)


def refund_order(order: Order, *, by: User | None) -> None:
    """Take back what the order gave, then pay the money back.

    Raises DomainError ``credits_spent`` or ``sale_spent`` when it is gone; an order that is paid back already
    stays so. The provider is asked after the commit: if it can't be reached, ``reconcile_payments`` asks again.
    """
    with all_tenants(), transaction.atomic():
        order = lock_order(order)
        if order.status == Order.Status.REFUNDED:
            # Somebody else was faster with the very same.
            return
        refund_whole(order, by=by)
    provider_of(order.payment_method).send_back(order)


def refund_whole(order: Order, *, by: User | None, note: str = "") -> None:
    """What ``refund_order`` does before the provider sends. Call with the order locked, over all tenants."""
    was_paid = order.paid_at is not None
    came_too_late = order.payments.filter(status=Payment.Status.SUCCEEDED).exists()
    refundable = Order.Status.REFUNDED in Order.TRANSITIONS[order.status] and (was_paid or came_too_late)
    if not refundable or not order.move(Order.Status.REFUNDED):
        raise order_closed(order)
    lock_wallets(_wallets(order))
    if was_paid:
        if take_back_credits(order, occasion="refund") > 0:
            raise DomainError("credits_spent", "The credits of this order have been spent.")
        if _take_back_sale(order) > 0:
            raise DomainError("sale_spent", "The seller has spent the money of this order.")
    record(order, by, note)
    provider_of(order.payment_method).give_back(order)


def refund_by_provider(order: Order, note: str) -> None:
    """The provider has paid the money back or lost it: take back what is left. Call locked, over all tenants."""
    if order.status == Order.Status.UNPAID:
        call_off(order, None, note)
        return
    if order.status != Order.Status.REFUNDED:
        was_paid = order.paid_at is not None
        order.move(Order.Status.REFUNDED)
        if was_paid:
            lock_wallets(_wallets(order))
            missing = {
                "credits": take_back_credits(order, occasion="refund"),
                f"{order.currency} of the seller's": _take_back_sale(order),
            }
            note = "; ".join([note, *(f"{amount} {what} were spent" for what, amount in missing.items() if amount)])
    record(order, None, note)


def call_off(order: Order, by: User | None, note: str) -> None:
    """Let an unpaid order go: its stock and its use of the promo code are free again. Call locked."""
    order.move(Order.Status.CANCELLED)
    return_stock(dict(order.items.values_list("product_id", "quantity")))
    if order.promo_code is not None:
        promo.give_back(order.promo_code)
    record(order, by, note)


def grant_credits(order: Order, *, occasion: str) -> None:
    """Enroll the order's credits, once per occasion."""
    enroll(
        wallet=open_credit_wallet(user=order.customer),
        amount=order.credits,
        description="Token purchase",
        **of_order(order, occasion),
    )


def take_back_credits(order: Order, *, occasion: str) -> int:
    """Write off what the customer still has of the order's credits; answers how many are missing."""
    wallet = open_credit_wallet(user=order.customer)
    lock_wallets([wallet])
    wallet.refresh_from_db()
    owed = int(credits_of(order, wallet))
    amount = min(owed, int(wallet.available))
    if amount > 0:
        write_off(
            wallet=wallet,
            amount=amount,
            description=f"Order {order.number} was paid back",
            **of_order(order, occasion),
        )
    return owed - amount


def credits_of(order: Order, wallet: Wallet) -> int:
    """What the order has given the wallet so far: enrolled less written off."""
    return int(_given(order, wallet))


def issue_invoice(order: Order) -> Invoice:
    """The next number of the year; a transaction that fails gives its number back."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {InvoiceSeries._meta.db_table} AS series (year, last_number) VALUES (%s, 1) "
            "ON CONFLICT (year) DO UPDATE SET last_number = series.last_number + 1 RETURNING last_number",
            [now.year],
        )
        (serial,) = cursor.fetchone()
    return Invoice.objects.create(order=order, year=now.year, serial=serial, issued_at=now)


def record(order: Order, user: User | None, note: str = "") -> None:
    """A line of the order's history."""
    OrderStatusChange.objects.create(order=order, status=order.status, user=user, note=note[:255])


def order_closed(order: Order) -> DomainError:
    """Somebody else was faster, or the order never could."""
    return DomainError("order_state", f"The order is {order.status}.", data={"status": order.status})


def _take_back_sale(order: Order) -> Decimal:
    """Write off what the seller still has of the sale; answers how much is missing."""
    sale = FinanceOperation._base_manager.filter(**of_order(order, "sale"))
    if order.seller is None or not sale.exists():
        return Decimal(0)
    wallet = balance_wallet(user=order.seller)
    owed = _given(order, wallet)
    amount = min(owed, wallet.available)
    if amount > 0:
        write_off(
            wallet=wallet,
            amount=amount,
            description=f"Sale {order.number} was paid back",
            **of_order(order, "sale:refund"),
        )
    return owed - amount


def take_back_part(order: Order, refund: OrderRefund) -> None:
    """Of the seller, who has the money of a finished order. Raises DomainError ``sale_spent``. Call locked."""
    lock_wallets(_wallets(order))
    if order.seller is None or order.status != Order.Status.FINISHED:
        return
    wallet = balance_wallet(user=order.seller)
    if wallet.available < refund.amount:
        raise DomainError("sale_spent", "The seller has spent the money of this order.")
    write_off(
        wallet=wallet,
        amount=refund.amount,
        description=f"A part of sale {order.number} was paid back",
        **of_order(order, f"sale:refund:{refund.pk}"),
    )


def _given(order: Order, wallet: Wallet) -> Decimal:
    entries = FinanceOperation._base_manager.filter(
        wallet=wallet, reference_type=PURCHASE, reference_id=order.pk, status=FinanceOperation.Status.EXECUTED
    )
    signs = {FinanceOperation.Type.ENROLLMENT: 1, FinanceOperation.Type.WRITE_OFF: -1}
    return sum((entry.amount * signs[FinanceOperation.Type(entry.type)] for entry in entries), Decimal(0))


def _wallets(order: Order) -> list[Wallet]:
    wallets = [open_credit_wallet(user=order.customer), balance_wallet(user=order.customer)]
    return [*wallets, balance_wallet(user=order.seller)] if order.seller is not None else wallets
