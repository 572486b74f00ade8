"""What is sold, and the codes that make it cheaper."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from commerce.models.wallets import DECIMAL_PLACES, MAX_DIGITS
from effects.models import Category

MAX_PRICE = Decimal("999999999.999")
MAX_CREDITS = 10_000_000
MAX_AVAILABILITY = 10**9
"""Of one product; what an order of many may come to, ``services.orders`` says."""


class ProductQuerySet(models.QuerySet["Product"]):
    def existing(self) -> ProductQuerySet:
        return self.filter(deleted_at=None)

    def on_sale(self) -> ProductQuerySet:
        return self.existing().filter(active=True)


class Product(models.Model):
    """A thing with a price. Without a seller it is the studio's own, and only those grant credits."""

    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    price = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, validators=[MaxValueValidator(MAX_PRICE)],
        help_text="In CURRENCY.",
    )  # fmt: skip
    credits = models.PositiveIntegerField(
        default=0, validators=[MaxValueValidator(MAX_CREDITS)], help_text="GPU credits that one unit grants."
    )
    availability = models.PositiveIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(MAX_AVAILABILITY)],
        help_text="Units left; empty: unlimited.",
    )  # fmt: skip
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = ProductQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("category", "id"), condition=Q(deleted_at=None), name="product_category"),)
        constraints = (
            models.CheckConstraint(condition=Q(price__gt=0), name="product_price_positive"),
            models.CheckConstraint(condition=Q(credits=0) | Q(seller=None), name="product_credits_are_the_studios"),
        )

    def __str__(self) -> str:
        return self.name


class PromoCode(models.Model):
    """A discount on an order, within a window, from a minimum, a limited number of times."""

    class Kind(models.TextChoices):
        PERCENTAGE = "percentage"
        FIXED = "fixed"

    code = models.CharField(max_length=64, unique=True, help_text="Upper case; customers may write it as they like.")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    value = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    minimum = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0, help_text="What the products must cost."
    )
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    max_uses_per_user = models.PositiveIntegerField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0, editable=False)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(value__gt=0), name="promocode_value_positive"),
            models.CheckConstraint(
                condition=~Q(kind="percentage") | Q(value__lte=100), name="promocode_percentage_to_100"
            ),
            models.CheckConstraint(
                condition=Q(max_uses=None) | Q(uses__lte=F("max_uses")), name="promocode_uses_within_limit"
            ),
        )

    def __str__(self) -> str:
        return self.code

    def save(self, *args: object, **kwargs: object) -> None:
        self.code = self.code.strip().upper()
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def discount_on(self, cost: Decimal, smallest: Decimal) -> Decimal:
        """What it takes off the cost, never more than all of it; ``smallest`` is the currency's smallest unit."""
        if self.kind == self.Kind.FIXED:
            return min(self.value.quantize(smallest, ROUND_HALF_UP), cost)
        return (cost * self.value / 100).quantize(smallest, ROUND_HALF_UP)
