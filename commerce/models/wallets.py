"""Wallets: what a user has, by type."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models.functions import Floor

from tenants.models import TenantModel

CREDITS = "credits"
"""The currency of GPU credits; every other currency is an ISO 4217 code."""

MAX_DIGITS = 18
DECIMAL_PLACES = 3
"""Enough for every currency: the dinars have three."""


class WalletType(models.Model):
    """A kind of wallet. The built-in ones are made on first use and never deleted; staff add others."""

    class Kind(models.TextChoices):
        CREDITS = "credits", "GPU credits"
        BALANCE = "balance", "Personal balance"
        CUSTOM = "custom", "Other"

    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.CUSTOM)
    name = models.CharField(max_length=127, unique=True)
    wallet_symbol = models.CharField(max_length=16)
    currency = models.CharField(max_length=8, help_text="ISO 4217, or credits.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("kind",), condition=~models.Q(kind="custom"), name="wallettype_one_of_each_builtin"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_builtin(self) -> bool:
        return self.kind != self.Kind.CUSTOM


class Wallet(TenantModel):
    """What a user has of one currency.

    ``balance`` is the sum of the wallet's executed ledger entries, ``held`` the part of it that open holds claim;
    both move in the statement that writes the entry or the hold (``commerce.services.ledger`` and ``.holds``), and
    nothing else assigns them.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    wallet_type = models.ForeignKey(WalletType, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=WalletType.Kind.choices, editable=False)
    currency = models.CharField(max_length=8, editable=False)
    balance = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0, editable=False)
    held = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0, editable=False)
    info = models.CharField(max_length=255, blank=True, help_text="Where it is paid out to, such as a bank account.")
    closed_at = models.DateTimeField(null=True, blank=True, help_text="A closed wallet keeps its history.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("tenant", "user", "id"), name="wallet_user"),)
        constraints = (
            models.CheckConstraint(condition=models.Q(held__gte=0), name="wallet_held_not_negative"),
            models.CheckConstraint(
                condition=models.Q(balance__gte=models.F("held")), name="wallet_balance_covers_holds"
            ),
            models.CheckConstraint(
                condition=~models.Q(currency=CREDITS) | models.Q(balance=Floor("balance")),
                name="wallet_credits_are_whole",
            ),
            models.UniqueConstraint(
                fields=("user", "kind"), condition=~models.Q(kind="custom"), name="wallet_one_of_each_builtin"
            ),
        )

    def __str__(self) -> str:
        return f"{self.currency} of user {self.user_id}"

    @property
    def available(self) -> Decimal:
        """What can be spent: the balance without what is held."""
        return self.balance - self.held
