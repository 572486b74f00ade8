"""Stored files."""

from __future__ import annotations

from django.contrib import admin

from studio.admin.display import LookOnlyAdmin, badge, file_link, picture, row_link, size_text, two_lines
from studio.models import MediaFile


@admin.register(MediaFile)
class MediaFileAdmin(LookOnlyAdmin):
    list_display = (
        "id", "kind", "state", "original_filename", "mime_type", "bytes", "measures", "who", "link", "created_at",
    )  # fmt: skip
    list_filter = ("kind", "status", "mime_type", "has_audio")
    exported = (
        "kind", "status", "original_filename", "mime_type", "size", "width", "height", "duration", "owner", "tenant",
        "sha256", "created_at",
    )  # fmt: skip
    list_select_related = ("owner", "tenant")
    indexed_filters = ("owner",)
    search_fields = ("=id", "owner", "=storage_key", "=sha256", "original_filename")
    search_help_text = "Number, owner, tenant, SHA-256, storage key, or a part of a newer file's name"
    fields = (
        "kind", "state", "original_filename", "mime_type", "bytes", "measures", "fps", "frame_count", "duration",
        "has_audio", "owner_link", "tenant", "link", "preview", "sha256", "storage_key", "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="status", ordering="status")
    def state(self, file: MediaFile) -> str:
        return badge(file.status)

    @admin.display(description="size", ordering="size")
    def bytes(self, file: MediaFile) -> str:
        return size_text(file.size)

    @admin.display(description="measures")
    def measures(self, file: MediaFile) -> str:
        return f"{file.width} x {file.height}" if file.width else "-"

    @admin.display(description="owner, tenant", ordering="owner__email")
    def who(self, file: MediaFile) -> str:
        return two_lines(str(file.owner), str(file.tenant))

    @admin.display(description="owner")
    def owner_link(self, file: MediaFile) -> str:
        return row_link(file.owner)

    @admin.display(description="file")
    def link(self, file: MediaFile) -> str:
        return file_link(file)

    @admin.display(description="preview")
    def preview(self, file: MediaFile) -> str:
        return picture(file) if file.mime_type.startswith("image/") else "-"
