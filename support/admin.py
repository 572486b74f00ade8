"""Support in the Django admin: the talk as a whole, and everything that staff do with it through the services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.forms.widgets import Media
from django.http import HttpRequest
from django.template.loader import render_to_string

from accounts.models import User
from config.api.errors import DomainError
from config.api.texts import has_content
from config.staff_pages import StaffPage
from studio.admin.display import LookOnlyAdmin, badge, file_link, row_link, seconds_text, two_lines
from studio.models import MediaFile
from support import services
from support.models import MAX_TEXT_LENGTH, CannedAnswer, SupportMessage, SupportRequest

TALK = 200
"""The newest messages of a request that its page shows."""


@admin.register(CannedAnswer)
class CannedAnswerAdmin(StaffPage):
    list_display = ("title", "enabled")
    search_fields = ("title", "text")


class TicketForm(forms.ModelForm):
    """What staff do with a request. Each part that is filled in is one verb of the services."""

    canned = forms.ModelChoiceField(
        CannedAnswer.objects.filter(enabled=True), required=False, label="Canned answer",
        help_text="Sent in front of what you write below.",
    )  # fmt: skip
    answer = forms.CharField(
        required=False, max_length=MAX_TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 6}),
        help_text="The author reads it and is told by mail.",
    )  # fmt: skip
    note = forms.CharField(
        required=False, max_length=MAX_TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 2}), label="Internal note",
        help_text="Only staff see it.",
    )  # fmt: skip
    assignee = forms.ModelChoiceField(User.objects.none(), required=False)
    status = forms.TypedChoiceField(choices=(), coerce=int)

    class Meta:
        model = SupportRequest
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = services.staff()  # type: ignore[attr-defined]
        possible = {self.instance.status, *SupportRequest.TRANSITIONS[self.instance.status]}
        self.fields["status"].choices = [  # type: ignore[attr-defined]
            choice for choice in SupportRequest.Status.choices if choice[0] in possible
        ]
        self.initial.update(assignee=self.instance.assignee_id, status=self.instance.status)

    def clean(self) -> dict[str, object]:
        values = super().clean() or {}
        for name in ("answer", "note"):
            if values.get(name) and not has_content(values[name]):
                self.add_error(name, "There is nothing to read in it.")
        canned = values.get("canned")
        values["full_answer"] = "\n\n".join(filter(None, [canned and canned.text, values.get("answer")]))
        if len(values["full_answer"]) > MAX_TEXT_LENGTH:
            self.add_error("answer", f"Together with the canned answer it has more than {MAX_TEXT_LENGTH} characters.")
        if values["full_answer"] and self.instance.status == values.get("status") == SupportRequest.Status.CLOSED:
            self.add_error("answer", "This request is closed: set it to open to answer.")
        return values


class StaffFilter(admin.RelatedFieldListFilter):
    """Whom requests can be assigned to."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, Any]]:
        return [(user.pk, str(user)) for user in services.staff()]


@admin.register(SupportRequest)
class SupportRequestAdmin(LookOnlyAdmin):
    form = TicketForm
    list_display = (
        "id", "state", "subject", "who", "assignee", "first_response", "created_at", "updated_at",
    )  # fmt: skip
    list_display_links = ("id", "subject")
    list_filter = ("status", "subject", ("assignee", StaffFilter))
    list_select_related = ("author", "assignee")
    indexed_filters = ("status", "assignee", "author")
    search_fields = ("=id", "=email", "author")
    search_help_text = "Number, address, or words of the author's address or name"
    actions = ("assign_to_me", "mark_read", "mark_unread", "open", "close")
    fieldsets = (
        (
            None,
            {"fields": ("state", "author_link", "email", "order_link", "video_link", "created_at", "first_response")},
        ),
        ("Conversation", {"fields": ("thread",)}),
        ("Answer", {"fields": ("canned", "answer", "note", "assignee", "status")}),
    )
    readonly_fields = (
        "state", "author_link", "email", "order_link", "video_link", "created_at", "first_response", "thread",
    )  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return StaffPage.has_change_permission(self, request, obj)

    def save_model(self, request: HttpRequest, obj: SupportRequest, form: forms.ModelForm, change: bool) -> None:
        """One verb for each part that was filled in. Opening comes before the answer, any other status after it."""
        values, me = form.cleaned_data, request.user
        # The form has written its values into ``obj`` already.
        row = SupportRequest.objects.get(pk=obj.pk)
        try:
            if values["assignee"] != row.assignee:
                services.assign(request=row, assignee=values["assignee"])
            if values["note"]:
                services.add_note(staff=me, request=row, text=values["note"])  # type: ignore[arg-type]
            if row.status == SupportRequest.Status.CLOSED != values["status"]:
                self._set_status(request, row, values["status"])
            if values["full_answer"]:
                services.answer(staff=me, request=row, text=values["full_answer"])  # type: ignore[arg-type]
            row.refresh_from_db()
            if "status" in form.changed_data and row.status != values["status"]:
                self._set_status(request, row, values["status"])
        except DomainError as error:
            self.message_user(request, error.message, messages.ERROR)

    @property
    def media(self) -> Media:
        return super().media + Media(css={"all": ["staff/support.css"]})

    @admin.action(description="Assign the selected requests to me", permissions=["change"])
    def assign_to_me(self, request: HttpRequest, queryset: QuerySet[SupportRequest]) -> None:
        for row in queryset.order_by("pk"):
            services.assign(request=row, assignee=request.user)  # type: ignore[arg-type]
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
        services.set_status(user=request.user, request_id=row.pk, status=status)  # type: ignore[arg-type]
        self.log_change(request, row, f"Status: {SupportRequest.Status(status).label}.")

    @admin.display(description="status", ordering="status")
    def state(self, row: SupportRequest) -> str:
        return badge(row.get_status_display().lower())

    @admin.display(description="author", ordering="email")
    def who(self, row: SupportRequest) -> str:
        return two_lines(row.login or "-", row.email)

    @admin.display(description="first response", ordering="first_response_at")
    def first_response(self, row: SupportRequest) -> str:
        waited: timedelta | None = row.first_response_time
        return seconds_text(waited.total_seconds()) if waited is not None else "-"

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
        return render_to_string("admin/support/thread.html", {"talk": talk, "support_request": row})
