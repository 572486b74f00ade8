"""A list of the panel as a file: the columns and the rows that the list shows, by its filters and its search.

Rows are read as the list reads them, page by page in the order of its key, and become text page by page; the front
(``config.front.application``) collects that text before it sends it.
"""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Final

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.services.audit import record
from accounts.staff.who import who
from config.staff_lists import StaffChangeList
from tenants.scope import all_tenants

if TYPE_CHECKING:
    from config.staff_pages import StaffPage

PAGE: Final = 1_000
"""Rows that are read at once."""
KINDS: Final = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a cell that begins so for."""

Cell = str | int | float | bool | None


def export_list(page: StaffPage, request: HttpRequest, kind: str) -> HttpResponseBase:
    """The answer; whoever may look at the list may have it, and the audit log says who had it."""
    if kind not in KINDS:
        raise Http404
    if not page.has_view_permission(request):
        raise PermissionDenied
    pages = _pages(page, request)
    # What can't be read by these parameters is told before anything is sent.
    names, first = next(pages)
    label = page.opts.label_lower
    record("list.exported", actor=who(request), list=label, kind=kind, query=request.GET.urlencode()[:500])
    titles = [str(label_for_field(name, page.model, page)) for name in names]
    rows = (_cells(page, names, row) for row in chain(first, chain.from_iterable(rows for _, rows in pages)))
    content = _csv(titles, rows) if kind == "csv" else _json(names, rows)
    name = f"{page.opts.model_name}-{timezone.now():%Y-%m-%d}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(content, content_type=KINDS[kind], headers=headers)


def _pages(page: StaffPage, request: HttpRequest) -> Iterator[tuple[list[str], list[models.Model]]]:
    """Names of the columns, and rows, of each page of the list."""
    wide = copy.copy(page)
    vars(wide)["list_per_page"] = PAGE
    asked = copy.copy(request)
    while True:
        # Sent after the request's own scope has ended.
        with all_tenants():
            found = wide.get_changelist_instance(asked)
            assert isinstance(found, StaffChangeList)
            rows = list(found.queryset if found.is_small else found.result_list)
        yield [name for name in found.list_display if name != "action_checkbox"], rows
        if found.is_small or not found.next_link:
            return
        asked.GET = QueryDict(found.next_link.removeprefix("?"))


def _cells(page: StaffPage, names: list[str], row: models.Model) -> list[Cell]:
    with all_tenants():
        return [_cell(page, name, row) for name in names]


def _cell(page: StaffPage, name: str, row: models.Model) -> Cell:
    field, _attribute, value = lookup_field(name, row, page)
    choices: dict[object, object] = dict(getattr(field, "flatchoices", None) or ())
    value = choices.get(value, value) if isinstance(value, str | int) else value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    text = str(value)
    # What is shown as a link or a badge is its words here.
    return text if isinstance(field, models.Field) else " ".join(strip_tags(text.replace("<br>", " ")).split())


def _csv(titles: list[str], rows: Iterable[list[Cell]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([_harmless(title) for title in titles])
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
        if buffer.tell() > 65_536:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _harmless(cell: Cell) -> Cell:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _json(names: list[str], rows: Iterable[list[Cell]]) -> Iterator[str]:
    """A list of objects, a line each."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"
