"""What staff have asked to be fetched or rendered for the catalogue, and how far it is."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class CatalogueTask(models.Model):
    """One piece of background work. Its row remembers what is asked for, so that it can be tried again."""

    class Kind(models.TextChoices):
        FETCH = "fetch", "fetch a model"
        PREVIEW = "preview", "render an effect's preview"

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    OPEN: ClassVar[tuple[str, ...]] = (Status.QUEUED, Status.RUNNING)

    kind = models.CharField(max_length=16, choices=Kind.choices)
    subject = models.CharField(max_length=255, help_text="Slug of the model, or of the effect.")
    wish: models.JSONField[dict[str, str]] = models.JSONField(default=dict)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.QUEUED)
    done = models.BigIntegerField(default=0, help_text="Bytes, or frames.")
    total = models.BigIntegerField(default=0)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=timezone.now, help_text="When it was last heard of.")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "subject"),
                condition=models.Q(status__in=("queued", "running")),
                name="cataloguetask_one_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN
