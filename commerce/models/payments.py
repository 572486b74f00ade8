"""Payments through a provider, and the provider's events."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from commerce.models.ledger import FinanceOperation
from commerce.models.orders import Order
from commerce.models.wallets import DECIMAL_PLACES, MAX_DIGITS


class Payment(models.Model):
    """Money that a provider collects for an order, or for an enrollment into a personal balance.

    ::

        created -> succeeded <-> disputed
           |           |            |
           |           +------------+--> refunded
           +-----------------------------^   (the refund was heard of first)
           +--> canceled
    """

    class Status(models.TextChoices):
        CREATED = "created"
        SUCCEEDED = "succeeded"
        DISPUTED = "disputed"
        REFUNDED = "refunded"
        CANCELLED = "canceled", "Canceled"

    provider = models.CharField(max_length=16, default="stripe")
    intent_id = models.CharField(max_length=255, unique=True, help_text="The provider's name for it.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    operation = models.ForeignKey(FinanceOperation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    amount = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.CREATED)
    refunded_amount = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0)
    last_error = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("user", "-id"), name="payment_user"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(order__isnull=False, operation=None) | Q(order=None, operation__isnull=False),
                name="payment_has_one_subject",
            ),
            models.UniqueConstraint(
                fields=("order",), condition=~Q(status="canceled"), name="payment_one_for_an_order"
            ),
            models.UniqueConstraint(
                fields=("operation",), condition=~Q(status="canceled"), name="payment_one_for_an_operation"
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.intent_id}"


class PaymentEvent(models.Model):
    """What a provider told us. Each event is applied once; a refused one may be sent again and applied then."""

    provider = models.CharField(max_length=16, default="stripe")
    event_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=127)
    object_id = models.CharField(max_length=255, blank=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    payload = models.JSONField()
    outcome = models.CharField(max_length=64, blank=True, help_text="applied, ignored, or the code of the refusal.")
    received_at = models.DateTimeField(default=timezone.now)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("type", "object_id"), name="paymentevent_object"),)

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
