"""What has become of a render, step by step: for staff, who ask where the time went and who did what."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from studio.models.jobs import RenderJob
from tenants.models import TenantModel


class RenderEvent(TenantModel):
    """One change of a render's state, queue or priority.

    A trigger on the jobs' table writes it in the transaction that makes the change (``studio.migrations.0015``), so
    every door is covered.
    """

    class Kind(models.TextChoices):
        STATUS = "status"
        QUEUE = "queue"
        PRIORITY = "priority"

    job = models.ForeignKey(RenderJob, on_delete=models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=16, choices=Kind.choices)
    before = models.CharField(max_length=64)
    after = models.CharField(max_length=64)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="The one that began or ended; 0: none had.")
    worker = models.CharField(max_length=128, blank=True, help_text="Whose attempt began or ended.")
    frames_done = models.PositiveIntegerField(default=0)
    said = models.CharField(max_length=500, blank=True, help_text="Why it ended, for staff alone.")

    class Meta:
        ordering = ("id",)
        indexes: ClassVar = [models.Index(fields=("job", "id"), name="renderevent_job")]

    def __str__(self) -> str:
        return f"{self.kind} {self.before} to {self.after} of render {self.job_id}"
