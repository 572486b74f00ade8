"""Requests: the talk as a whole with the customer beside it, and all that staff do with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.forms.widgets import Media
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from accounts.staff.who import who
from config.api.errors import DomainError
from config.staff_refusals import ServedPage
from studio.admin.display import badge, file_link, row_link, seconds_text, two_lines
from studio.models import MediaFile
from support import services
from support.admin.forms import TicketForm
from support.models import SupportMessage, SupportRequest
from support.services.customers import customer_of
from support.services.times import response_times

TALK = 200
"""The newest messages of a request that its page shows."""


class StaffFilter(admin.RelatedFieldListFilter):
    """Whom requests can be assigned to."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, Any]]:
        return [(user.pk, str(user)) for user in services.staff()]


@admin.register(SupportRequest)
class SupportRequestAdmin(ServedPage):
    form = TicketForm
    list_display = (
        "id", "state", "subject", "who", "assignee", "first_response", "resolution", "created_at", "updated_at",
    )  # fmt: skip
    list_before_template = "admin/support/times.html"
    list_display_links = ("id", "subject")
    exported = (
        "status", "subject", "author", "email", "assignee", "order", "video", "created_at", "updated_at",
        "first_response_at", "closed_at",
    )  # fmt: skip
    list_filter = ("status", "subject", ("assignee", StaffFilter))
    list_select_related = ("author", "assignee")
    indexed_filters = ("status", "assignee", "author")
    search_fields = ("=id", "=email", "author")
    search_help_text = "Number, address, or words of the author's address or name"
    actions = ("assign_to_me", "mark_read", "mark_unread", "open", "close")
    fieldsets = (
        ("Conversation", {"fields": ("thread",)}),
        ("Answer", {"fields": ("canned", "answer", "note", "assignee", "status", "seen")}),
        (
            "Request",
            {
                "fields": (
                    "state", "author_link", "email", "order_link", "video_link", "created_at", "first_response",
                    "resolution",
                )
            },
        ),
    )  # fmt: skip
    readonly_fields = (
        "state", "author_link", "email", "order_link", "video_link", "created_at", "first_response", "resolution",
        "thread",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        times = response_times()
        texts = {name: _waited(times[name]) for name in ("first_response", "resolution")}
        return super().changelist_view(request, {"times": {**times, **texts}, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: SupportRequest, form: forms.ModelForm, change: bool) -> None:
        """One verb for each part that was filled in, or none of them. Opening comes before the answer, any other status
        after it."""
        values, me = form.cleaned_data, who(request)
        # The form has written its values into ``obj`` already.
        row = SupportRequest.objects.get(pk=obj.pk)
        if values["seen"]:
            row = services.lock_as_seen(row, values["seen"])
        if values["assignee"] != row.assignee:
            services.assign(request=row, assignee=values["assignee"], by=me)
        if values["note"]:
            services.add_note(staff=me, request=row, text=values["note"])
        if row.status == SupportRequest.Status.CLOSED != values["status"]:
            self._set_status(request, row, values["status"])
        if values["full_answer"]:
            services.answer(staff=me, request=row, text=values["full_answer"])
        row.refresh_from_db()
        if "status" in form.changed_data and row.status != values["status"]:
            self._set_status(request, row, values["status"])

    @property
    def media(self) -> Media:
        return super().media + Media(css={"all": ["staff/staff.css", "staff/support.css"]})

    @admin.action(description="Assign the selected requests to me", permissions=["change"])
    def assign_to_me(self, request: HttpRequest, queryset: QuerySet[SupportRequest]) -> None:
        for row in queryset.order_by("pk"):
            me = who(request)
            services.assign(request=row, assignee=me, by=me)
            self.log_change(request, row, "Assigned to themselves.")

    @admin.action(description="Mark the selected requests as read", permissions=["change"])
    def mark_read(self, request: HttpRequest, queryset: QuerySet[SupportRequest]) -> None:
        self._set_all(request, queryset, SupportRequest.Status.READ)

    @admin.action(description="Mark the selected requests as unread", permissions=["change"])
    def mark_unread(self, request: HttpRequest, queryset: QuerySet[SupportRequest]) -> None:
        self._set_all(request, queryset, SupportRequest.Status.UNREAD)

    @admin.action(description="Open the selected requests again", permissions=["change"])
    def open(self, request: HttpRequest, queryset: QuerySet[SupportRequest]) -> None:
        self._set_all(request, queryset, SupportRequest.Status.OPEN)

    @admin.action(description="Close the selected requests", permissions=["change"])
    def close(self, request: HttpRequest, queryset: QuerySet[SupportRequest]) -> None:
        self._set_all(request, queryset, SupportRequest.Status.CLOSED)

    def _set_all(self, request: HttpRequest, queryset: QuerySet[SupportRequest], status: int) -> None:
        changed = 0
        for row in queryset.order_by("pk"):
            try:
                self._set_status(request, row, status)
                changed += 1
            except DomainError as error:
                self.message_user(request, f"{row}: {error}", messages.ERROR)
        if changed:
            self.message_user(request, f"Changed: {changed}.", messages.SUCCESS)

    def _set_status(self, request: HttpRequest, row: SupportRequest, status: int) -> None:
        services.set_status(user=who(request), request_id=row.pk, status=status)
        self.log_change(request, row, f"Status: {SupportRequest.Status(status).label}.")

    @admin.display(description="status", ordering="status")
    def state(self, row: SupportRequest) -> str:
        return badge(row.get_status_display().lower())

    @admin.display(description="author", ordering="email")
    def who(self, row: SupportRequest) -> str:
        return two_lines(row.login or "-", row.email)

    @admin.display(description="first response", ordering="first_response_at")
    def first_response(self, row: SupportRequest) -> str:
        return _waited(row.first_response_time)

    @admin.display(description="resolution", ordering="closed_at")
    def resolution(self, row: SupportRequest) -> str:
        return _waited(row.resolution_time)

    @admin.display(description="author")
    def author_link(self, row: SupportRequest) -> str:
        return row_link(row.author) if row.author else f"{row.login or '-'} (not logged in)"

    @admin.display(description="order")
    def order_link(self, row: SupportRequest) -> str:
        return row_link(row.order)

    @admin.display(description="video")
    def video_link(self, row: SupportRequest) -> str:
        return row_link(row.video)

    @admin.display(description="messages")
    def thread(self, row: SupportRequest) -> str:
        files = Prefetch("files", MediaFile.objects.all())
        found = SupportMessage.objects.filter(request=row).select_related("author").prefetch_related(files)
        newest = reversed(found.order_by("-id")[:TALK])
        talk = [{"message": message, "files": [file_link(file) for file in message.files.all()]} for message in newest]
        context = {"talk": talk, "support_request": row, "customer": customer_of(row)}
        return render_to_string("admin/support/thread.html", context)


def _waited(time: timedelta | None) -> str:
    if time is None:
        return "-"
    hours = time.total_seconds() / 3600
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    return f"{hours:.1f} h" if hours >= 2 else seconds_text(time.total_seconds())
