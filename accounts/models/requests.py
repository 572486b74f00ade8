"""What a user asks of the queue about the own account."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class DataRequest(models.Model):
    """A copy of a user's data, or the end of the account: pending -> done."""

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
    file = models.CharField(max_length=255, blank=True, help_text="The export's name in the storage.")
    created_at = models.DateTimeField(auto_now_add=True)
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
