"""Orders: place, confirm, change, let go. What money does meanwhile is in ``settlement``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.services import audit
from commerce.models import Order, OrderItem, PaymentMethod, Product
from commerce.services import products, promo
from commerce.services.locks import lock_order
from commerce.services.providers import provider_of
from commerce.services.settlement import call_off, finish_order, pay_order, record, refund_order
from config.api.errors import DomainError, NotFound, ValidationFailed
from config.api.why import check_reason
from tenants.scope import all_tenants

MAX_COST = Decimal(999_999_999)
MAX_ORDER_CREDITS = 2**31 - 1


def place_order(
    *, user: User, items: Sequence[Mapping[str, int]], payment_method: str, promo_code: str | None = None
) -> Order:
    """An order at the server's prices, with its stock and its use of the promo code taken.

    One that costs nothing is paid at once; the others wait for their payment.
    """
    quantities: dict[int, int] = {}
    for item in items:
        quantities[item["product_id"]] = quantities.get(item["product_id"], 0) + item["quantity"]
    with all_tenants(), transaction.atomic():
        provider_of(payment_method).ensure_available()
        wanted = _products(quantities)
        seller = _seller(wanted, user)
        lines = [(product, quantities[product.pk]) for product in wanted]
        products_cost = sum((product.price * quantity for product, quantity in lines), Decimal(0))
        credits = sum(product.credits * quantity for product, quantity in lines)
        _ensure_payable(products_cost, credits)
        products.take_stock(quantities)
        code, discount = None, Decimal(0)
        if promo_code:
            code, discount = promo.redeem(code=promo_code, user=user, cost=products_cost, currency=settings.CURRENCY)
        order = Order.objects.create(
            customer=user,
            seller=seller,
            payment_method=payment_method,
            promo_code=code,
            products_cost=products_cost,
            discount=discount,
            total_cost=products_cost - discount,
            currency=settings.CURRENCY,
            credits=credits,
        )
        OrderItem.objects.bulk_create(
            OrderItem(
                order=order,
                product=product,
                name=product.name,
                unit_price=product.price,
                unit_credits=product.credits,
                quantity=quantity,
                cost=product.price * quantity,
            )
            for product, quantity in lines
        )
        record(order, user)
        if order.total_cost == 0:
            pay_order(order, by=user)
    return order


def check_products(product_ids: Collection[int]) -> None:
    """Raises ValidationFailed for what is not on sale."""
    on_sale = Product.objects.on_sale().filter(pk__in=product_ids)
    _ensure_all(product_ids, set(on_sale.values_list("pk", flat=True)))


def confirm_order(*, user: User, order: Order) -> Order:
    """The customer's word that all is well: finishes a paid order. With the personal balance it pays it, too.

    Confirming a finished order again changes nothing.
    """
    if order.customer_id != user.pk:
        raise NotFound("Order not found")
    with all_tenants(), transaction.atomic():
        order = lock_order(order)
        if order.status == Order.Status.UNPAID:
            pay_order(order, by=user)
        if order.status == Order.Status.PAID:
            finish_order(order, by=user)
        if order.status != Order.Status.FINISHED:
            raise _impossible(order, Order.Status.FINISHED)
    return order


def change_status(*, staff: User, order: Order, status: str) -> Order:
    """What staff may decide: a transfer or cash arrived, an order is finished, called off, or paid back."""
    if status == order.status:
        return order
    if status not in Order.TRANSITIONS[order.status]:
        raise _impossible(order, status)
    try:
        _change(order, status, staff)
    except DomainError:
        order.refresh_from_db()
        # Somebody else was faster with the very same.
        if order.status != status:
            raise
    order.refresh_from_db()
    return order


def decide(*, staff: User, order: Order, status: str, reason: str) -> Order:
    """The same with a reason, and the second of two who decide at once is told. Raises DomainError ``order_state``."""
    reason = check_reason(reason)
    before = order.status = Order.objects.values_list("status", flat=True).get(pk=order.pk)
    if status not in Order.TRANSITIONS[before]:
        raise _impossible(order, status)

    def decided() -> None:
        audit.record(
            "order.decided",
            actor=staff,
            subject=order.customer,
            order=order.pk,
            before=before,
            after=status,
            reason=reason,
        )

    _change(order, status, staff, decided)
    order.refresh_from_db()
    return order


def _change(order: Order, status: str, staff: User, decided: Callable[[], None] = lambda: None) -> None:
    """decided: called in the transaction in which the order moves."""
    match status:
        case Order.Status.PAID:
            with all_tenants(), transaction.atomic():
                pay_order(lock_order(order), by=staff)
                decided()
        case Order.Status.FINISHED:
            with all_tenants(), transaction.atomic():
                finish_order(lock_order(order), by=staff)
                decided()
        case Order.Status.CANCELLED:
            if not cancel_order(order, by=staff, decided=decided):
                order.refresh_from_db()
                raise _impossible(order, status)
        case Order.Status.REFUNDED:
            refund_order(order, by=staff)


def cancel_order(order: Order, *, by: User | None, note: str = "", decided: Callable[[], None] = lambda: None) -> bool:
    """Let an unpaid order go, with its stock and promo code. False if it was paid or cancelled meanwhile.

    decided: called in the transaction in which the order moves.
    """
    # Outside the transaction: the provider is asked over the network.
    provider_of(order.payment_method).withdraw(order)
    with all_tenants(), transaction.atomic():
        order = lock_order(order)
        if order.status != Order.Status.UNPAID:
            return False
        call_off(order, by, note)
        decided()
    return True


def expire_orders() -> int:
    """Let go of the orders that nobody paid in time; answers how many."""
    limit = timezone.now() - timedelta(hours=settings.ORDER_EXPIRES_HOURS)
    # A bank transfer takes days and cash a visit: only what is paid at once expires.
    overdue = Order.objects.filter(
        status=Order.Status.UNPAID,
        created_at__lt=limit,
        payment_method__in=(PaymentMethod.STRIPE, PaymentMethod.BALANCE),
    )
    return sum(cancel_order(order, by=None, note="Not paid in time") for order in overdue)


def find_order(*, user: User, order_id: int) -> Order:
    """An order for its customer, its seller, or staff; for anybody else it does not exist."""
    order = with_details(Order.objects.filter(pk=order_id)).first()
    if order is None or not (user.is_administrator or user.pk in (order.customer_id, order.seller_id)):
        raise NotFound("Order not found")
    return order


def with_details(orders: QuerySet[Order, Order]) -> QuerySet[Order, Order]:
    """The orders with what a row of the API shows, in a fixed number of queries."""
    related = orders.select_related("customer", "seller", "promo_code", "invoice")
    return related.prefetch_related("items", "history")


def _products(quantities: Mapping[int, int]) -> list[Product]:
    found = list(Product.objects.on_sale().filter(pk__in=quantities).select_related("seller").order_by("pk"))
    _ensure_all(quantities, {product.pk for product in found})
    return found


def _ensure_all(wanted: Iterable[int], found: set[int]) -> None:
    missing = sorted(set(wanted) - found)
    if missing:
        raise ValidationFailed({"items": [f"There is no product {product_id} on sale." for product_id in missing]})


def _ensure_payable(cost: Decimal, credits: int) -> None:
    """Figures that every column and every payment provider can hold."""
    problems = []
    if cost > MAX_COST:
        problems.append(f"An order may cost at most {MAX_COST}.")
    if credits > MAX_ORDER_CREDITS:
        problems.append(f"An order may grant at most {MAX_ORDER_CREDITS} credits.")
    if problems:
        raise ValidationFailed({"items": problems})


def _seller(wanted: list[Product], customer: User) -> User | None:
    sellers = {product.seller for product in wanted}
    if len(sellers) > 1:
        raise DomainError("mixed_sellers", "An order holds the products of one seller; please order them separately.")
    (seller,) = sellers
    if seller == customer:
        raise DomainError("own_product", "You can't buy your own product.")
    return seller


def _impossible(order: Order, status: str) -> DomainError:
    return DomainError(
        "order_state", f"The order is {order.status} and can't become {status}.", data={"status": order.status}
    )
