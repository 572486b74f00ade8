"""What happened to accounts, and how often a login was tried in vain."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class AuditEntry(models.Model):
    """One act of staff or one security event: who, what, to whom, when, from where. Written once, never changed."""

    at = models.DateTimeField(auto_now_add=True)
    event = models.CharField(max_length=64)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=255, blank=True)
    detail: models.JSONField[object] = models.JSONField(default=dict)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "audit entries"
        indexes = (
            models.Index(fields=("subject", "-id"), name="auditentry_subject"),
            models.Index(fields=("actor", "-id"), name="auditentry_actor"),
            models.Index(fields=("event", "-id"), name="auditentry_event"),
        )

    def __str__(self) -> str:
        return f"{self.event} at {self.at:%Y-%m-%d %H:%M:%S}"


class LoginLock(models.Model):
    """Failed attempts on one account, from one address or from all. ``key`` is a digest: it may be nobody's account."""

    key = models.CharField(max_length=64, unique=True)
    failures = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.failures} failures"


class Allowance(models.Model):
    """How often something was done that is limited per period, as by one address. ``key`` is a digest of by whom."""

    key = models.CharField(max_length=64, unique=True)
    used = models.PositiveIntegerField(default=0)
    since = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, db_index=True, help_text="When the period is over.")

    def __str__(self) -> str:
        return f"{self.used} since {self.since:%Y-%m-%d %H:%M}"
