"""Stored files: what people upload and what renders produce."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from tenants.models import TenantModel


class MediaFile(TenantModel):
    """One file of a user in the storage. Rows may share a blob (same content hash), never a row.

    ``storage_key`` names the blob in Django's default storage. The figures of a medium are those that a viewer sees:
    after rotation.

    ::

        pending_upload -> ready | rejected

    Until it is verified, size and type of a presigned upload are what was announced, its content lies under
    ``upload_key``, and it has no blob.
    """

    class Kind(models.TextChoices):
        SOURCE = "source"
        SOUNDTRACK = "soundtrack"
        OUTPUT = "output"
        PREVIEW = "preview"
        STILL = "still"
        ANIMATION = "animation"
        POSTER = "poster"
        THUMBNAIL = "thumbnail"
        SPRITE = "sprite"
        FRAME_TABLE = "frame_table"
        CHECKPOINT = "checkpoint"

    class Status(models.TextChoices):
        PENDING_UPLOAD = "pending_upload"
        READY = "ready"
        REJECTED = "rejected"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.READY)
    original_filename = models.CharField(max_length=512)
    mime_type = models.CharField(max_length=127)
    size = models.BigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True)
    storage_key = models.CharField(max_length=255, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    fps = models.CharField(max_length=32, blank=True, help_text="A rational, such as 30000/1001.")
    frame_count = models.PositiveIntegerField(null=True, blank=True)
    duration = models.FloatField(null=True, blank=True, help_text="Seconds.")
    has_audio = models.BooleanField(default=False)
    notes = models.JSONField(default=list, blank=True, help_text="What of it is left out, in words for its owner.")
    facts = models.JSONField(
        null=True, blank=True, editable=False, help_text="All that was found out of it, as studio.rendering has it."
    )
    effect = models.ForeignKey(
        "effects.Effect", on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="What it was uploaded for.",
    )  # fmt: skip
    announced_hash = models.CharField(max_length=255, blank=True)
    upload_key = models.CharField(max_length=255, blank=True, help_text="Where the client puts it; empty once swept.")
    multipart_id = models.CharField(max_length=1024, blank=True, help_text="The storage's name of an upload in parts.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When what lies under the upload key is swept.")
    rejection = models.CharField(max_length=255, blank=True, help_text="Why it was rejected, for the user.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("tenant", "owner", "kind", "-id"), name="mediafile_owner"),
            models.Index(fields=("owner", "-id"), name="mediafile_newest"),
            models.Index(fields=("sha256", "tenant"), name="mediafile_hash"),
            models.Index(fields=("storage_key",), name="mediafile_blob"),
            models.Index(fields=("expires_at",), condition=models.Q(expires_at__isnull=False), name="mediafile_expiry"),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(size__gte=0), name="mediafile_size_positive"),
            models.CheckConstraint(
                condition=~models.Q(status="ready") | ~models.Q(storage_key=""), name="mediafile_ready_stored"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.original_filename}"
