"""Items of the gallery: look, and moderate."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from config.staff_acts import Act
from config.staff_many import act_on_many
from config.staff_pages import INLINE_ROWS, ReadOnly, StaffPage
from gallery.admin.decisions import ACTS, BAN, DECISIONS
from gallery.models import GalleryItem, GalleryReport


class OpenReports(admin.SimpleListFilter):
    title = "reports"
    parameter_name = "reports"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("open", "Waiting for a decision")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[GalleryItem]) -> QuerySet[GalleryItem]:
        # The open ones are few, and have an index of their own.
        waiting = GalleryReport.objects.filter(resolved_at=None).order_by().values("item")
        return queryset.filter(pk__in=waiting) if self.value() else queryset


@admin.register(GalleryItem)
class GalleryItemAdmin(ReadOnly, StaffPage):
    acts = ACTS
    list_display = (
        "id", "title", "owner_name", "effect_name", "moderation", "open_reports", "likes", "views", "published_at",
        "look",
    )  # fmt: skip
    list_filter = ("moderation", OpenReports, "published_at")
    exported = (
        "title", "owner", "owner_name", "video", "effect_name", "moderation", "moderation_note", "moderated_by",
        "moderated_at", "likes", "views", "published_at",
    )  # fmt: skip
    indexed_filters = ("moderation", "owner")
    search_fields = ("=id", "=video", "@", "owner")
    search_help_text = "Number, beginnings of words of title, effect or tags, or the owner"
    ordering = ("-id",)
    fields = (
        "title", "owner", "look", "effect_name", "category_name", "tags", "published_at", "moderation",
        "moderation_note", "moderated_by", "moderated_at", "likes", "views", "reported",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[GalleryItem]:
        waiting = GalleryReport.objects.filter(item=OuterRef("pk"), resolved_at=None).order_by().values("item")
        count = Subquery(waiting.annotate(count=Count("pk")).values("count"))
        return super().get_queryset(request).annotate(open_reports=count)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("gallery.change_galleryitem")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request)
        if self.has_moderate_permission(request):
            for act in ACTS:
                if act.verb != BAN and (to := DECISIONS[act.verb].to):
                    found[f"moderate_{to}"] = (partial(_decide, act), f"moderate_{to}", f"{act.title}: {act.about}")
        return found

    @admin.display(description="open reports")
    def open_reports(self, item: Any) -> int:
        return int(item.open_reports or 0)

    @admin.display(description="reports")
    def reported(self, item: GalleryItem) -> str:
        return "\n".join(
            f"{report.created_at:%Y-%m-%d %H:%M} {report.reason}: {report.details}"
            for report in item.reports.all()[:INLINE_ROWS]
        )

    @admin.display(description="video")
    def look(self, item: GalleryItem) -> str:
        """To the video's own page, which shows it however it is moderated."""
        return format_html(
            '<a href="{}">video {}</a>', reverse("admin:studio_video_change", args=[item.video_id]), item.video_id
        )


def _decide(
    act: Act, model_admin: GalleryItemAdmin, request: HttpRequest, queryset: QuerySet[GalleryItem]
) -> HttpResponse | None:
    return act_on_many(request, GalleryItem.objects.filter(pk__in=queryset.values("pk")).select_related("owner"), act)
