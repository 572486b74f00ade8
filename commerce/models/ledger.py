"""The ledger: every change of every balance, and the holds of what renders will cost."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from commerce.models.wallets import DECIMAL_PLACES, MAX_DIGITS, Wallet
from tenants.models import Tenant, TenantModel

RENDER = "ai_job"
"""Reference type of a render; the reference id is the job's."""
PURCHASE = "purchase"
"""Reference type of an order; the reference id is the order's."""
ADJUSTMENT = "adjustment"
"""Reference type of a balance that staff put right; the reference id is that of whoever asked for it."""


class FinanceOperation(TenantModel):
    """A ledger entry: an enrollment into a wallet or a write-off from it.

    ::

        created -> pending -> executed
           |          |
           +----------+-----> cancelled       (created may be executed at once)

    Executed and cancelled entries are immutable, and a database trigger refuses whoever tries; a mistake is corrected
    by a new entry. ``balance_after`` is the wallet's balance once it was executed.
    """

    class Type(models.IntegerChoices):
        ENROLLMENT = 1
        WRITE_OFF = 2, "Write-off"

    class Status(models.IntegerChoices):
        CREATED = 1
        EXECUTED = 2
        PENDING = 3
        CANCELLED = 4

    OPEN = (Status.CREATED, Status.PENDING)

    # The hottest table there is: each index that a composite one makes needless costs every entry.
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="operations", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    type = models.PositiveSmallIntegerField(choices=Type.choices)
    status = models.PositiveSmallIntegerField(choices=Status.choices, default=Status.CREATED)
    amount = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    balance_after = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, null=True, blank=True)
    description = models.CharField(max_length=255, blank=True)
    reference_type = models.CharField(max_length=32, blank=True)
    reference_id = models.BigIntegerField(null=True, blank=True)
    effect_id = models.BigIntegerField(null=True, blank=True, help_text="The effect that was paid for.")
    effect_name = models.CharField(max_length=255, blank=True, help_text="As it was called then.")
    idempotency_key = models.CharField(max_length=320)
    created_at = models.DateTimeField()
    executed_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    canceled_info = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("tenant", "user", "-id"), name="operation_user"),
            models.Index(fields=("tenant", "wallet", "-id"), name="operation_wallet"),
            models.Index(fields=("reference_type", "reference_id"), name="operation_reference"),
            # What waits for finance, which is little among much.
            models.Index(fields=("-id",), condition=Q(status__in=(1, 3)), name="operation_waiting"),
            # What renders cost in a time: all that the sum needs, so that no row is read.
            models.Index(
                fields=("created_at",),
                include=("type", "status", "amount"),
                condition=Q(reference_type=RENDER),
                name="operation_spending",
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=("idempotency_key",), name="operation_key_unique"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="operation_amount_positive"),
            models.CheckConstraint(
                condition=Q(status=2, balance_after__isnull=False, executed_at__isnull=False)
                | (~Q(status=2) & Q(balance_after__isnull=True, executed_at__isnull=True)),
                name="operation_executed_has_balance",
            ),
            models.CheckConstraint(
                condition=Q(balance_after__isnull=True) | Q(balance_after__gte=0), name="operation_balance_not_negative"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_type_display()} of {self.amount:f}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN


class CreditHold(TenantModel):
    """Credits set aside for a render: held -> captured (a ledger entry) or released (no trace in the ledger)."""

    class Status(models.TextChoices):
        HELD = "held"
        CAPTURED = "captured"
        RELEASED = "released"

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="holds", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.HELD)
    amount = models.PositiveIntegerField()
    description = models.CharField(max_length=255, blank=True)
    reference_type = models.CharField(max_length=32)
    reference_id = models.BigIntegerField()
    effect_id = models.BigIntegerField(null=True, blank=True)
    effect_name = models.CharField(max_length=255, blank=True)
    idempotency_key = models.CharField(max_length=320)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("tenant", "user", "-id"), name="credithold_user"),
            models.Index(fields=("wallet",), condition=Q(status="held"), name="credithold_open"),
            models.Index(fields=("reference_type", "reference_id"), name="credithold_reference"),
        )
        constraints = (
            models.UniqueConstraint(fields=("idempotency_key",), name="credithold_key_unique"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="credithold_amount_positive"),
            models.CheckConstraint(
                condition=Q(status="held", settled_at__isnull=True) | (~Q(status="held") & Q(settled_at__isnull=False)),
                name="credithold_settled_has_date",
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount} credits {self.status} for {self.reference_type} {self.reference_id}"
