"""Renders: watched live, cancelled, tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms.widgets import Media
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html

from config.staff_many import act_on_many
from studio.admin.display import (
    LookOnlyAdmin,
    badge,
    file_link,
    live,
    picture,
    pretty,
    progress,
    row_link,
    seconds_text,
    two_lines,
)
from studio.admin.job_acts import ACTS, CANCEL, OPERATE, RETRY
from studio.admin.job_parts import NEWEST, frames, parameters, timeline
from studio.models import RenderJob
from studio.services.jobs.causes import line_of
from studio.services.jobs.live_frames import newest_frame
from studio.services.jobs.places import QueueSnapshot
from studio.services.steering.pictures import thumbnail

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldOpts, _FieldsetSpec

_COMMANDS = 100
_LONGEST_NUMBER = 9


@admin.register(RenderJob)
class RenderJobAdmin(LookOnlyAdmin):
    list_display = (
        "id", "live_status", "live_progress", "what", "prompt", "who", "place", "live_attempts",
    )  # fmt: skip
    list_display_links = ("id",)
    exported = (
        "status", "progress", "frames_done", "frames_total", "purpose", "workflow", "model_file", "video", "owner",
        "tenant", "queue", "priority", "attempts", "worker", "queued_at", "started_at", "finished_at", "error_code",
        "error", "request_id", "parameters__prompt",
    )  # fmt: skip
    list_filter = ("status", "purpose", "workflow", "queue", "provider", "model_file", "error_code")
    list_select_related = ("owner", "tenant", "model_file", "video")
    indexed_filters = ("status", "error_code", "video")
    search_fields = ("=id", "=video", "owner", "=request_id", "worker", "parameters__prompt", "error")
    search_help_text = (
        "Job or video number, owner, tenant, request id, or a part of the worker, prompt or error of a newer job"
    )
    actions = ("cancel", "retry")
    acts = ACTS
    fieldsets = (
        (None, {"fields": ("live_status", "live_progress", "live_frames", "live_error", "picture")}),
        ("Timeline", {"fields": ("live_timeline",)}),
        ("Cause", {"fields": ("request_link", "attempts", "productive_attempt", "log_line", "cause_text")}),
        (
            "What",
            {"fields": ("video_link", "owner_link", "tenant", "purpose", "workflow", "model_file", "origin")},
        ),
        ("Parameters", {"fields": ("parameters_table",)}),
        (
            "Queue",
            {
                "fields": (
                    "queue",
                    "priority",
                    "live_place",
                    "provider",
                    "live_attempts",
                    "lease_expires_at",
                    "not_before",
                )
            },
        ),
        ("Times", {"fields": ("queued_at", "started_at", "finished_at", "seconds_per_frame")}),
        ("Files", {"fields": tuple(f"{name}_file" for name in RenderJob.FILES)}),
        ("Steering", {"fields": ("commands_text",), "classes": ("collapse",)}),
        ("Request", {"fields": ("parameters_text",)}),
        ("Plan", {"fields": ("plan_text",), "classes": ("collapse",)}),
    )

    @property
    def media(self) -> Media:
        return super().media + Media(css={"all": ["staff/renders.css"]})

    def get_queryset(self, request: HttpRequest) -> QuerySet[RenderJob]:
        match = request.resolver_match
        if match and match.url_name == "studio_renderjob_change":
            return (
                super().get_queryset(request).select_related("owner", "tenant", "video", "continues", *RenderJob.FILES)
            )
        # A list of plans would be megabytes.
        return super().get_queryset(request).defer("plan", "cause", "video__parameters")

    def get_fieldsets(self, request: HttpRequest, obj: RenderJob | None = None) -> _FieldsetSpec:
        """Without the files that the render has not left."""
        missing = {"picture"} if obj is not None and obj.still_id is None else set()
        missing |= {f"{name}_file" for name in RenderJob.FILES if getattr(obj, f"{name}_id", None) is None}
        shown = []
        for title, parts in super().get_fieldsets(request, obj):
            fields: list[str | list[str] | tuple[str, ...]] = [name for name in parts["fields"] if name not in missing]
            kept: _FieldOpts = {**parts, "fields": fields}
            if fields:
                shown.append((title, kept))
        return shown

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(OPERATE)

    @admin.action(description="Cancel the selected renders", permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[RenderJob]) -> HttpResponse | None:
        return act_on_many(request, queryset, CANCEL)

    @admin.action(description="Try the selected renders again", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[RenderJob]) -> HttpResponse | None:
        return act_on_many(request, queryset.select_related("video", "owner"), RETRY)

    def get_urls(self) -> list[URLPattern]:
        frame = path(
            "<path:object_id>/change/frame/<slug:frame>/",
            self.admin_site.admin_view(self.frame_view, cacheable=True),
            name="studio_renderjob_frame",
        )
        return [frame, *super().get_urls()]

    def frame_view(self, request: HttpRequest, object_id: str, frame: str) -> HttpResponse:
        """A JPEG of one frame of a render in progress, by its number or ``newest``. 404 when there is none."""
        job = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        jpeg = None
        if job is not None and frame == NEWEST:
            jpeg = newest_frame(job.pk)
        elif job is not None and frame.isdecimal() and len(frame) <= _LONGEST_NUMBER:
            jpeg = thumbnail(job.pk, int(frame))
        if jpeg is None:
            raise Http404
        # Briefly: a rewind makes another frame of this number, and the page looks every two seconds.
        return HttpResponse(jpeg, content_type="image/jpeg", headers={"Cache-Control": "private, max-age=30"})

    @admin.display(description="status", ordering="status")
    def live_status(self, job: RenderJob) -> str:
        return live(f"status-{job.pk}", job.is_active, badge(job.status))

    @admin.display(description="progress", ordering="progress")
    def live_progress(self, job: RenderJob) -> str:
        return live(f"progress-{job.pk}", job.is_active, progress(job))

    @admin.display(description="tries, worker", ordering="attempts")
    def live_attempts(self, job: RenderJob) -> str:
        return live(f"attempts-{job.pk}", job.is_active, two_lines(str(job.attempts), job.worker[:12]))

    @admin.display(description="render", ordering="purpose")
    def what(self, job: RenderJob) -> str:
        return two_lines(f"{job.purpose} {job.workflow}", str(job.model_file))

    @admin.display(description="queue, since", ordering="queued_at")
    def place(self, job: RenderJob) -> str:
        return two_lines(job.queue, date_format(job.queued_at, "M j, H:i:s"))

    @admin.display(description="place")
    def live_place(self, job: RenderJob) -> str:
        place = "-"
        if job.status == RenderJob.Status.QUEUED:
            figures = QueueSnapshot().figures(job)
            place = (
                f"{figures.your_position} of all that wait, done in {seconds_text(figures.your_estimated_time or 0)}"
            )
        return live(f"place-{job.pk}", job.is_active, place)

    @admin.display(description="owner, tenant", ordering="owner__email")
    def who(self, job: RenderJob) -> str:
        return two_lines(str(job.owner), str(job.tenant))

    @admin.display(description="prompt")
    def prompt(self, job: RenderJob) -> str:
        text = str(job.parameters.get("prompt") or "")
        return f"{text[:39]}…" if len(text) > 40 else text

    @admin.display(description="still")
    def picture(self, job: RenderJob) -> str:
        return picture(job.still)

    @admin.display(description="video")
    def video_link(self, job: RenderJob) -> str:
        return row_link(job.video)

    @admin.display(description="owner")
    def owner_link(self, job: RenderJob) -> str:
        return row_link(job.owner)

    @admin.display(description="goes on from")
    def origin(self, job: RenderJob) -> str:
        return row_link(job.continues)

    @admin.display(description="frames so far")
    def live_frames(self, job: RenderJob) -> str:
        return live(f"frames-{job.pk}", job.is_active, frames(job))

    @admin.display(description="error")
    def live_error(self, job: RenderJob) -> str:
        told = format_html("{}<br><small>{}</small>", job.error, job.error_code) if job.error or job.error_code else "-"
        return live(f"error-{job.pk}", job.is_active, told)

    @admin.display(description="what became of it")
    def live_timeline(self, job: RenderJob) -> str:
        return live(f"timeline-{job.pk}", job.is_active, timeline(job))

    @admin.display(description="parameters")
    def parameters_table(self, job: RenderJob) -> str:
        return parameters(job)

    @admin.display(description="request id")
    def request_link(self, job: RenderJob) -> str:
        if not job.request_id:
            return "-"
        all_of_it = reverse("admin:studio_renderjob_changelist", query={"q": job.request_id})
        return format_html('<code>{}</code> (<a href="{}">its renders</a>)', job.request_id, all_of_it)

    @admin.display(description="line in the log")
    def log_line(self, job: RenderJob) -> str:
        line = line_of(job.cause)
        return format_html('<code class="studio-value">{}</code>', line) if line else "-"

    @admin.display(description="what went wrong last")
    def cause_text(self, job: RenderJob) -> str:
        return format_html('<pre class="studio-json">{}</pre>', job.cause) if job.cause else "-"

    @admin.display(description="newest commands")
    def commands_text(self, job: RenderJob) -> str:
        newest = job.commands.order_by("-number")[:_COMMANDS]
        said = (
            f"{command.number} {command.kind} {command.state}"
            + ("" if command.applied_at_frame is None else f" at frame {command.applied_at_frame}")
            + (f": {command.refused}" if command.refused else "")
            for command in newest
        )
        return format_html('<pre class="studio-json">{}</pre>', "\n".join(said)) if newest else "-"

    @admin.display(description="parameters")
    def parameters_text(self, job: RenderJob) -> str:
        return pretty(job.parameters)

    @admin.display(description="plan")
    def plan_text(self, job: RenderJob) -> str:
        return pretty(job.plan)

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return flatten_fieldsets(self.fieldsets)


def _file_column(name: str) -> object:
    @admin.display(description=name.replace("_", " "))
    def column(self: RenderJobAdmin, job: RenderJob) -> str:
        return file_link(getattr(job, name))

    return column


for _name in RenderJob.FILES:
    setattr(RenderJobAdmin, f"{_name}_file", _file_column(_name))
