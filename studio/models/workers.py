"""Workers that shall claim nothing for now."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class WorkerDrain(models.Model):
    """A worker, or all of a machine's, that ends its render and claims no other, until the row is gone.

    A worker has a new name whenever it starts; a machine keeps its own.
    """

    name = models.CharField(max_length=128, primary_key=True, help_text="Of the worker, or of its machine.")
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=500)

    def __str__(self) -> str:
        return f"{self.name} is drained"
