"""Videos, with their renders."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from config.staff_pages import StaffInline
from studio.admin.display import LookOnlyAdmin, badge, file_link, live, pretty, progress, row_link, two_lines
from studio.models import RenderJob, Video


class RenderJobInline(StaffInline):
    """The video's history."""

    model = RenderJob
    fields = readonly_fields = ("render", "state", "done", "attempts", "error", "queued_at", "finished_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RenderJob]:
        return super().get_queryset(request).defer("plan", "parameters")

    @admin.display(description="render")
    def render(self, job: RenderJob) -> str:
        return row_link(job)

    @admin.display(description="status")
    def state(self, job: RenderJob) -> str:
        return live(f"status-{job.pk}", job.is_active, badge(job.status))

    @admin.display(description="progress")
    def done(self, job: RenderJob) -> str:
        return live(f"progress-{job.pk}", job.is_active, progress(job))


@admin.register(Video)
class VideoAdmin(LookOnlyAdmin):
    list_display = ("id", "title", "live_status", "type", "who", "source_file", "output_file", "created_at")
    list_display_links = ("id", "title")
    exported = (
        "title", "status", "type", "owner", "tenant", "source", "output", "error", "created_at", "updated_at",
        "deleted_at",
    )  # fmt: skip
    list_filter = ("status", "type", ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("owner", "tenant", "source", "output")
    indexed_filters = ("owner",)
    search_fields = ("=id", "owner", "title", "parameters__prompt")
    search_help_text = "Number, owner, tenant, or a part of the title or prompt of a newer video"
    ordering = ("-id",)
    inlines = (RenderJobInline,)
    fields = (
        "live_status", "type", "title", "owner_link", "tenant", "source_file", "soundtrack_file", "output_file",
        "error", "created_at", "updated_at", "deleted_at", "parameters_text",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="status", ordering="status")
    def live_status(self, video: Video) -> str:
        return live(f"video-{video.pk}", video.is_active, badge(video.status))

    @admin.display(description="owner, tenant", ordering="owner__email")
    def who(self, video: Video) -> str:
        return two_lines(str(video.owner), str(video.tenant))

    @admin.display(description="owner")
    def owner_link(self, video: Video) -> str:
        return row_link(video.owner)

    @admin.display(description="source")
    def source_file(self, video: Video) -> str:
        return file_link(video.source)

    @admin.display(description="soundtrack")
    def soundtrack_file(self, video: Video) -> str:
        return file_link(video.soundtrack)

    @admin.display(description="output")
    def output_file(self, video: Video) -> str:
        return file_link(video.output)

    @admin.display(description="parameters")
    def parameters_text(self, video: Video) -> str:
        return pretty(video.parameters)
