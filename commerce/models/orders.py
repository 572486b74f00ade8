"""Orders, their items, their history, and the invoices of the paid ones."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from commerce.models.products import Product, PromoCode
from commerce.models.wallets import DECIMAL_PLACES, MAX_DIGITS


class PaymentMethod(models.TextChoices):
    STRIPE = "stripe", "Card"
    BALANCE = "balance", "Personal balance"
    BANK_TRANSFER = "bank_transfer", "Bank transfer"
    CASH = "cash", "Cash"


class Order(models.Model):
    """What a customer buys of one seller, or of the studio. Every figure is computed by the server and then fixed.

    ::

        unpaid -> paid -> finished
           |        |         |
           |        +---------+--> refunded
           +--> canceled ----------> refunded     (the money came too late)
    """

    class Status(models.TextChoices):
        UNPAID = "unpaid"
        PAID = "paid"
        FINISHED = "finished"
        CANCELLED = "canceled", "Canceled"
        REFUNDED = "refunded"

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        Status.UNPAID: frozenset({Status.PAID, Status.CANCELLED}),
        Status.PAID: frozenset({Status.FINISHED, Status.REFUNDED}),
        Status.FINISHED: frozenset({Status.REFUNDED}),
        Status.CANCELLED: frozenset({Status.REFUNDED}),
        Status.REFUNDED: frozenset(),
    }

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.UNPAID)
    payment_method = models.CharField(max_length=16, choices=PaymentMethod.choices)
    promo_code = models.ForeignKey(PromoCode, on_delete=models.PROTECT, null=True, blank=True, related_name="orders")
    products_cost = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    discount = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0)
    total_cost = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    refunded_amount = models.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=0,
        db_default=0,
        help_text="What was paid back in parts.",
    )
    currency = models.CharField(max_length=3)
    credits = models.PositiveIntegerField(default=0, help_text="GPU credits that it grants once paid.")
    created_at = models.DateTimeField(default=timezone.now)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("customer", "-id"), name="order_customer"),
            models.Index(fields=("customer", "-created_at", "-id"), name="order_purchases"),
            models.Index(fields=("seller", "-id"), name="order_seller"),
            models.Index(fields=("seller", "-created_at", "-id"), name="order_sales"),
            models.Index(fields=("created_at",), condition=Q(status="unpaid"), name="order_unpaid"),
            # What was earned in a time: all that the sum needs, so that no row is read.
            models.Index(
                fields=("paid_at",),
                include=("currency", "total_cost", "refunded_amount", "credits", "status"),
                condition=Q(paid_at__isnull=False),
                name="order_paid",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(total_cost=F("products_cost") - F("discount")) & Q(total_cost__gte=0) & Q(discount__gte=0),
                name="order_sums_up",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("unpaid", "canceled"), paid_at=None)
                | Q(status="refunded")
                | Q(status__in=("paid", "finished"), paid_at__isnull=False),
                name="order_paid_has_date",
            ),
            models.CheckConstraint(
                condition=Q(refunded_amount__gte=0, refunded_amount__lte=F("total_cost")),
                name="order_refunded_is_a_part",
            ),
            models.CheckConstraint(condition=~Q(customer=F("seller")), name="order_not_of_oneself"),
        )

    def __str__(self) -> str:
        return f"Order {self.number}"

    @property
    def number(self) -> str:
        return f"{self.created_at:%Y}-{self.pk:06d}"

    @property
    def left(self) -> Decimal:
        """What was paid and not paid back in parts."""
        return self.total_cost - self.refunded_amount

    def move(self, to: str, **changes: object) -> bool:
        """Compare and swap the state; False means that somebody else was faster, and the row was read again."""
        if to not in self.TRANSITIONS[self.status]:
            raise ValueError(f"An order can't go from {self.status} to {to}.")
        moved = bool(Order.objects.filter(pk=self.pk, status=self.status).update(status=to, **changes))
        if moved:
            for name, value in {"status": to, **changes}.items():
                setattr(self, name, value)
        else:
            self.refresh_from_db()
        return moved


class OrderRefund(models.Model):
    """A part of an order's cost that was paid back; the order stays as it is. Owed until it is sent."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds")
    amount = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("id",), condition=Q(sent_at=None), name="orderrefund_owed"),)
        constraints = (models.CheckConstraint(condition=Q(amount__gt=0), name="orderrefund_amount_positive"),)

    def __str__(self) -> str:
        return f"{self.amount:f} of order {self.order_id}"


class OrderItem(models.Model):
    """A product as it was when it was ordered."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=255)
    unit_price = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    unit_credits = models.PositiveIntegerField(default=0)
    quantity = models.PositiveIntegerField()
    cost = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("order", "product"), name="orderitem_product_once"),
            models.CheckConstraint(
                condition=Q(cost=F("unit_price") * F("quantity")) & Q(quantity__gt=0), name="orderitem_sums_up"
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} x {self.name}"


class OrderStatusChange(models.Model):
    """One line of an order's history. ``user`` is who did it; empty: the studio itself or a payment provider."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="history")
    status = models.CharField(max_length=16, choices=Order.Status.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.status} at {self.created_at:%Y-%m-%d %H:%M}"


class InvoiceSeries(models.Model):
    """The last number given in a year. Its row is locked until the invoice is committed, so no number is ever lost."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "invoice series"

    def __str__(self) -> str:
        return str(self.year)


class Invoice(models.Model):
    """The number under which a paid order is in the books: consecutive within its year."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="invoice")
    year = models.PositiveSmallIntegerField()
    serial = models.PositiveIntegerField()
    issued_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-year", "-serial")
        constraints = (models.UniqueConstraint(fields=("year", "serial"), name="invoice_number_unique"),)

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"INV-{self.year}-{self.serial:06d}"
