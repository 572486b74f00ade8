"""The gallery in the Django admin: look, and moderate."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import User
from config.staff_pages import INLINE_ROWS, ReadOnly, StaffPage
from gallery import services
from gallery.models import GalleryItem, GalleryReport

_DECISIONS = {
    GalleryItem.Moderation.VISIBLE: "Show in the gallery",
    GalleryItem.Moderation.HIDDEN: "Hide, until decided otherwise",
    GalleryItem.Moderation.REMOVED: "Remove for good",
}


class _LookOnly(ReadOnly, StaffPage):
    """Rows that the services alone write."""

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("gallery.change_galleryitem")


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
class GalleryItemAdmin(_LookOnly):
    list_display = (
        "id", "title", "owner_name", "effect_name", "moderation", "open_reports", "likes", "views", "published_at",
        "look",
    )  # fmt: skip
    list_filter = ("moderation", OpenReports, "published_at")
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

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request)
        if self.has_moderate_permission(request):
            for state, text in _DECISIONS.items():
                found[f"moderate_{state}"] = (partial(_decide, state), f"moderate_{state}", text)
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


@admin.register(GalleryReport)
class GalleryReportAdmin(_LookOnly):
    list_display = ("id", "item", "reason", "details", "user", "created_at", "resolved_at")
    list_filter = ("reason", ("resolved_at", admin.EmptyFieldListFilter))
    list_select_related = ("item", "user")
    indexed_filters = ("item",)
    search_fields = ("=id", "=item", "user", "details")
    readonly_fields = ("item", "user", "reason", "details", "created_at", "resolved_at")


def _decide(
    state: GalleryItem.Moderation, model_admin: GalleryItemAdmin, request: HttpRequest, queryset: QuerySet[GalleryItem]
) -> None:
    items = list(GalleryItem.objects.filter(pk__in=queryset.values("pk")))
    for item in items:
        services.moderate(item, to=state, moderator=cast(User, request.user))
    model_admin.message_user(request, f"{len(items)} videos are {state.label.lower()}.", messages.SUCCESS)
