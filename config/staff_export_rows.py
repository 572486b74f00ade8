"""All rows that a list's filters and its search find, the newest first: a window of keys at a time.

No statement and no transaction is longer than a window, however large the table is, however rare what is filtered by
and however slowly somebody reads. Rows that are added meanwhile come too late; what changes is as its window met it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.http import HttpRequest

from config.staff_lists import AFTER, BEFORE, StaffChangeList
from config.staff_search import MATCHES, Rows, find
from tenants.scope import all_tenants

if TYPE_CHECKING:
    from config.staff_pages import StaffPage

WINDOW = MATCHES
"""Rows: a search by words finds as many at once."""
_NAMES = ("email", "domain", "slug", "name", "title")
"""What a related row is called by: the first of these that it has."""


class Column(NamedTuple):
    """name: in the file. path: to the value, as ``values_list`` takes it. said: makes it what stands in the file."""

    name: str
    path: str
    said: Callable[[Any], object] = lambda value: value


class ExportedList(StaffChangeList):
    """A list by its filters alone: not searched, not ordered, no page of it."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> Rows:
        for name in (AFTER, BEFORE):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        query, self.query = self.query, ""
        try:
            rows: Rows = super(StaffChangeList, self).get_queryset(request, exclude_parameters)
        finally:
            self.query = query
        return rows

    def get_ordering(self, request: HttpRequest, queryset: Rows) -> list[Any]:
        return ["-pk"]

    def get_results(self, request: HttpRequest) -> None:
        """None: they come window by window."""

    def windows(self, columns: list[Column]) -> Iterator[list[tuple[object, ...]]]:
        """Values of the columns, row by row; empty windows, too, so that whoever waits can be told of progress."""
        paths = [column.path for column in columns]
        keys = self.model._base_manager.order_by("-pk").values_list("pk", flat=True)
        below = Q()
        while True:
            # The request may have ended, and its scope with it. Staff look across tenants.
            with all_tenants():
                window = list(keys.filter(below)[:WINDOW])
                found = list(self._within(window).values_list(*paths)) if window else []
            yield [tuple(column.said(value) for column, value in zip(columns, row, strict=True)) for row in found]
            if len(window) < WINDOW:
                return
            below = Q(pk__lt=window[-1])

    def _within(self, window: list[Any]) -> Rows:
        rows = self.queryset.filter(pk__lte=window[0], pk__gte=window[-1]).order_by("-pk")
        return find(rows, self.search_fields, self.query, near=Q(), limit=WINDOW)


def columns_of(page: StaffPage, request: HttpRequest) -> list[Column]:
    """What the file says of a row: the page's ``exported``, or the columns of its list that are the row's own; of a
    related row its key, and its name for whoever may view such rows."""
    key = page.model._meta.pk.name
    asked = list(page.exported or page.get_list_display(request))
    found: list[Column] = []
    for name in dict.fromkeys([key, *(name for name in asked if isinstance(name, str))]):
        found += _columns(page.model, name, request)
    return found


def _columns(model: type[models.Model], name: str, request: HttpRequest) -> list[Column]:
    first, _, rest = name.partition("__")
    try:
        field: Any = model._meta.get_field(first)
    except FieldDoesNotExist:
        return []
    if not field.concrete or field.many_to_many:
        return []
    if not field.is_relation:
        return [Column(name.replace("__", "_"), name, _said(field) if not rest else _plain)]
    related = field.related_model
    found = [Column(field.attname, field.attname, _plain)]
    called = next((name for name in _NAMES if name in {field.name for field in related._meta.concrete_fields}), None)
    if called and request.user.has_perm(f"{related._meta.app_label}.view_{related._meta.model_name}"):
        found.append(Column(first, f"{first}__{called}", _plain))
    return found


def _said(field: Any) -> Callable[[Any], object]:
    """Numbers that stand for words are written as those."""
    if not field.flatchoices or not isinstance(field, models.IntegerField):
        return _plain
    labels = {value: str(label) for value, label in field.flatchoices}
    return lambda value: labels.get(value, value)


def _plain(value: Any) -> object:
    return value.isoformat() if isinstance(value, date) else value
