"""Lists of the panel as files. The page of a list's export says what will be in the file and asks why; what comes back
is a stream (``config.platform.parts``), and the audit log has who took what, and how much of it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import IGNORED_PARAMS
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.services.audit import record
from accounts.staff.who import who
from config.api.why import MAX_REASON
from config.platform.parts import AnswerInParts
from config.staff_export_files import FORMATS
from config.staff_export_rows import Column, ExportedList, columns_of
from config.staff_lists import AFTER, BEFORE, Estimate, rows_about
from config.staff_views import staff_page
from config.staff_widgets import Textarea

if TYPE_CHECKING:
    from accounts.models import User
    from config.staff_pages import StaffPage

EXPORTED: Final = "list.exported"
ENDED: Final = "list.export_ended"


class ExportForm(forms.Form):
    reason = forms.CharField(
        max_length=MAX_REASON, widget=Textarea(attrs={"rows": 3}), help_text="The audit log keeps it."
    )


class TookTooLong(RuntimeError):
    """An export is over after so long, wherever it is: the connection breaks, so that nobody takes it for whole."""


def export_permission(model: type[models.Model]) -> str:
    return f"{model._meta.app_label}.export_{model._meta.model_name}"


def may_export(page: StaffPage, request: HttpRequest) -> bool:
    return page.has_view_permission(request) and request.user.has_perm(export_permission(page.model))


def export_view(page: StaffPage, request: HttpRequest, kind: str) -> HttpResponseBase:
    """Ask (GET), or send the file (POST). The address has the filters and the search of the list."""
    if kind not in FORMATS:
        raise Http404
    if not may_export(page, request):
        raise PermissionDenied
    opts = page.model._meta
    back = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    try:
        found = _list(page, request)
    except IncorrectLookupParameters:
        messages.error(request, "Nothing was exported: the list has no such filter.")
        return redirect(back)
    columns = columns_of(page, request)
    asked = {name: values for name, values in request.GET.lists() if name not in {*IGNORED_PARAMS, AFTER, BEFORE}}
    status = 200
    form = ExportForm(request.POST or None)
    if request.method == "POST":
        if form.is_valid():
            return _file(found, columns, asked, kind, form.cleaned_data["reason"], who(request))
        status = 422
    context = {
        "form": form,
        "opts": opts,
        "back": f"{back}?{request.GET.urlencode()}" if asked else back,
        "asked": {name: ", ".join(values) for name, values in asked.items()},
        "columns": [column.name for column in columns],
        "rows": Estimate(rows_about(page.model)),
    }
    return staff_page(
        request, "admin/export.html", f"Export {opts.verbose_name_plural} as {kind.upper()}", context, status
    )


def _list(page: StaffPage, request: HttpRequest) -> ExportedList:
    if any("\0" in value for _, values in request.GET.lists() for value in values):
        raise IncorrectLookupParameters
    return ExportedList(
        request, page.model, page.get_list_display(request), (), page.get_list_filter(request), None,
        page.get_search_fields(request), False, page.list_per_page, page.list_max_show_all, (), page, None,
        None,
    )  # fmt: skip


def _file(
    found: ExportedList, columns: list[Column], asked: dict[str, list[str]], kind: str, reason: str, staff: User
) -> HttpResponseBase:
    opts = found.model._meta
    content_type, write = FORMATS[kind]
    number = secrets.token_hex(8)
    names = [column.name for column in columns]
    record(
        EXPORTED, actor=staff, export=number, list=opts.label_lower, kind=kind, asked=asked, columns=names,
        reason=reason,
    )  # fmt: skip
    filename = f"{opts.model_name}-{timezone.now():%Y%m%d-%H%M%S}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"}
    parts = _watched(write(names, counted := _Counted(found.windows(columns))), counted, staff, number)
    return AnswerInParts(parts, content_type=content_type, headers=headers)


class _Counted:
    """Windows of rows; ``rows`` came out of it so far. Raises TookTooLong after EXPORT_SECONDS."""

    def __init__(self, windows: Iterator[Sequence[tuple[object, ...]]]) -> None:
        self.rows = 0
        self._windows = windows
        self._until = time.monotonic() + settings.STAFF_EXPORT_SECONDS

    def __iter__(self) -> Iterator[Sequence[tuple[object, ...]]]:
        for rows in self._windows:
            if time.monotonic() > self._until:
                raise TookTooLong
            self.rows += len(rows)
            yield rows


def _watched(parts: Iterator[bytes], counted: _Counted, staff: User, number: str) -> Iterator[bytes]:
    """Writes down how far it came, however it ends: by itself, by an error, or because the client has gone."""
    whole = False
    try:
        yield from parts
        whole = True
    finally:
        record(ENDED, actor=staff, export=number, rows=counted.rows, whole=whole)
