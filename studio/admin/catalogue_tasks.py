"""Fetching a model, and what is under way for the catalogue."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify

from accounts.models import User
from accounts.staff.who import who
from config.api.errors import DomainError
from config.api.why import MAX_REASON
from config.staff_acts import Act, Values, tell
from config.staff_views import StaffView, staff_page, staff_views
from studio.admin.display import LookOnlyAdmin, badge, live, pretty, size_text
from studio.models import CatalogueTask, ModelFile
from studio.services.catalogue import tasks
from studio.services.catalogue.fetching import TYPES


class FetchForm(forms.Form):
    repo_id = forms.CharField(max_length=200, label="Repository", help_text="owner/name, as on the hub.")
    revision = forms.CharField(max_length=100, initial="main", help_text="Branch, tag or commit.")
    model_type = forms.ChoiceField(choices=[(kind, kind) for kind in TYPES], label="Type")
    family = forms.ChoiceField(choices=ModelFile.Family.choices)
    name = forms.CharField(max_length=255, required=False, help_text="In the catalogue; empty: the repository's.")
    slug = forms.CharField(
        max_length=127, required=False, help_text="Empty: from the name. Of a ControlNet its kind, such as canny."
    )
    reason = forms.CharField(
        max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 3}), help_text="The audit log keeps it."
    )

    def clean(self) -> dict[str, object]:
        values = super().clean() or {}
        name = str(values.get("name") or values.get("repo_id") or "").rsplit("/", 1)[-1]
        return {**values, "slug": values.get("slug") or slugify(name)}


def fetch_page(request: HttpRequest) -> HttpResponseBase:
    form = FetchForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                task = tasks.ask_fetch(staff=who(request), **form.cleaned_data)
            except DomainError as error:
                tell(form, error)
                status = error.status
            else:
                messages.success(request, f"{task.wish['repo_id']} is being fetched; it is switched off until enabled.")
                return redirect("admin:studio_cataloguetask_change", task.pk)
    return staff_page(request, "admin/fetch_model.html", "Fetch a model", {"form": form}, status)


def _again(staff: User, task: CatalogueTask, values: Values) -> str:
    tasks.ask_again(staff=staff, task=task, reason=values["reason"])
    return f"{task} is queued again."


@admin.register(CatalogueTask)
class CatalogueTaskAdmin(LookOnlyAdmin):
    """What was asked for in the background, newest first."""

    list_display = ("id", "kind", "subject", "live_status", "live_progress", "message", "created_at")
    list_filter = ("kind", "status")
    search_fields = ("=subject",)
    fields = readonly_fields = (
        "kind", "subject", "live_status", "live_progress", "live_message", "wishes", "created_at", "updated_at",
    )  # fmt: skip
    acts = (
        Act(
            "again",
            "Try again",
            "studio.change_modelfile",
            _again,
            about="It goes on where it broke off: what has arrived whole is not fetched again.",
            possible=lambda _, task: tasks.can_be_asked_again(task),
        ),
    )

    @admin.display(description="status", ordering="status")
    def live_status(self, task: CatalogueTask) -> SafeString:
        return live(f"status-{task.pk}", task.is_open, badge(task.status))

    @admin.display(description="progress")
    def live_progress(self, task: CatalogueTask) -> SafeString:
        fetches = task.kind == CatalogueTask.Kind.FETCH
        text = f"{size_text(task.done)} / {size_text(task.total)}" if fetches else f"{task.done} / {task.total} frames"
        bar = format_html(
            '<div class="studio-progress"><progress max="100" value="{}" aria-label="Progress"></progress>{}</div>',
            round(100 * task.done / max(task.total, 1), 1), text,
        )  # fmt: skip
        return live(f"progress-{task.pk}", task.is_open, bar)

    @admin.display(description="message")
    def live_message(self, task: CatalogueTask) -> SafeString:
        return live(f"message-{task.pk}", task.is_open, task.message or "-")

    @admin.display(description="asked for")
    def wishes(self, task: CatalogueTask) -> SafeString:
        return pretty(task.wish)


staff_views.plug(
    "fetch_model",
    StaffView(
        "catalogue/fetch/", fetch_page, "studio.add_modelfile", title="Fetch a model", icon="cloud_download",
        area="Catalogue",
    ),
)  # fmt: skip
