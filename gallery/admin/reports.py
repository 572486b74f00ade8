"""Reports as a list; they are decided in the queue."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from config.staff_pages import ReadOnly, StaffPage
from gallery.models import GalleryReport


@admin.register(GalleryReport)
class GalleryReportAdmin(ReadOnly, StaffPage):
    list_display = ("id", "item", "reason", "details", "user", "created_at", "outcome", "resolved_at", "resolved_by")
    list_filter = ("reason", "outcome", ("resolved_at", admin.EmptyFieldListFilter))
    list_select_related = ("item", "user", "resolved_by")
    indexed_filters = ("item",)
    search_fields = ("=id", "=item", "user", "details")
    fields = readonly_fields = (
        "item", "user", "reason", "details", "created_at", "outcome", "resolution", "resolved_by", "resolved_at",
        "decide",
    )  # fmt: skip

    @admin.display(description="decision")
    def decide(self, report: GalleryReport) -> str:
        page = f"{reverse('admin:moderation_queue')}?item={report.item_id}"
        return format_html('<a href="{}">Look at the video</a>', page)
