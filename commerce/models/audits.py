"""Audits of the ledger that staff asked for, and what each found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class LedgerAudit(models.Model):
    """Open until it has ended; one is under way at a time."""

    class Outcome(models.TextChoices):
        OPEN = "open", "Under way"
        SOUND = "sound", "Sound"
        UNSOUND = "unsound", "Contradictions found"
        FAILED = "failed", "Did not end"

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    asked_at = models.DateTimeField(default=timezone.now)
    began_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.OPEN)
    wallets = models.PositiveBigIntegerField(default=0, help_text="Balances that were proven.")
    entries = models.PositiveBigIntegerField(default=0, help_text="Ledger entries that they were proven from.")
    found = models.PositiveIntegerField(default=0, help_text="Contradictions.")
    findings: models.JSONField[list[str]] = models.JSONField(default=list, help_text="The first of them, in words.")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("outcome",), condition=models.Q(outcome="open"), name="ledgeraudit_one_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"Audit {self.pk}"
