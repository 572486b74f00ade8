"""The video: what a user sees and owns."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from studio.models.files import MediaFile
from tenants.models import TenantModel


class Video(TenantModel):
    """A source, its parameters, its renders and its output.

    The state follows the newest render::

        uploaded -> queued -> running -> preview_ready -> queued -> running -> completed
                      |          |
                      +----------+--> failed | cancelled       (each may be queued again: a new RenderJob)

    A server restart or a second attempt takes running back to queued; a console takes it to paused, and from there to
    queued or cancelled. Whether it is published, the gallery says.
    """

    class Type(models.TextChoices):
        VID2VID = "vid2vid"
        DEFORUM = "deforum"

    class Status(models.TextChoices):
        UPLOADED = "uploaded"
        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        PREVIEW_READY = "preview_ready"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE: ClassVar[tuple[str, ...]] = (Status.QUEUED, Status.RUNNING, Status.PAUSED)
    FILES: ClassVar[tuple[str, ...]] = ("source", "soundtrack", "output")
    """The fields that name a file."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    type = models.CharField(max_length=16, choices=Type.choices)
    title = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.UPLOADED)
    effect = models.ForeignKey("effects.Effect", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    input_payload = models.JSONField(
        default=dict, blank=True, help_text="What its owner set of the effect's properties, defaults filled in."
    )
    source = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    soundtrack = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    parameters = models.JSONField(
        default=dict, blank=True, help_text="The request of the newest render as the API takes it, defaults filled in."
    )
    output = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (
            # With all that the list asks for, so that far pages are counted off in the index.
            models.Index(
                fields=("tenant", "owner", "-created_at", "-id"),
                condition=models.Q(deleted_at=None),
                name="video_listed",
            ),
            models.Index(fields=("owner", "-id"), name="video_newest"),
        )

    def __str__(self) -> str:
        return self.title or f"video {self.pk}"

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE
