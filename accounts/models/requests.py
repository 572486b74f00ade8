"""What a user asks of the queue about the own account."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone


class DataRequest(models.Model):
    """A copy of a user's data, or the end of the account: pending -> done.

    The row is the truth: a request that is open for long is put into the queue again.
    """

    class Kind(models.TextChoices):
        EXPORT = "export", "export"
        DELETION = "deletion", "deletion"

    class Status(models.TextChoices):
        PENDING = "pending", "pending"
        DONE = "done", "done"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="data_requests")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PENDING)
    file = models.CharField(max_length=255, blank=True, help_text="The export's name in the storage; empty once swept.")
    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField(default=timezone.now, help_text="When it was last put into the queue.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("user", "kind"), condition=models.Q(status="pending"), name="datarequest_one_pending"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of user {self.user_id}"

    @property
    def archive_name(self) -> str:
        """The export's one name in the storage: what a worker that was killed left is found again."""
        return f"exports/{self.pk}.zip"

    @property
    def expires_at(self) -> datetime | None:
        """Until when an export can be fetched; None for what is none, or not any more."""
        return self.finished_at + timedelta(days=settings.EXPORT_DAYS) if self.file and self.finished_at else None
