"""Filters of the staff's lists, whose choices cost the same however large the table is."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import filters
from django.contrib.admin.utils import get_fields_from_path
from django.db import models
from django.http import HttpRequest

NEWEST = 1_000
"""Rows whose values are offered."""
CHOICES = 100
"""Related rows that are offered."""


class NewestValuesFilter(filters.AllValuesFieldListFilter):
    """The values of a column that the newest rows have, and the one that is asked for."""

    def __init__(
        self,
        field: models.Field[object, object],
        request: HttpRequest,
        params: dict[str, list[str]],
        model: type[models.Model],
        model_admin: admin.ModelAdmin[models.Model],
        field_path: str,
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        newest = model._base_manager.order_by("-pk").values_list(field.attname, flat=True)[:NEWEST]
        values = {str(value) for value in newest if value not in (None, "")}
        self.lookup_choices: Any = sorted(values | set(self.lookup_val or ()))


class FewRelatedFilter(filters.RelatedFieldListFilter):
    """The first related rows, in their order."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, Any]]:
        model = field.remote_field.model
        return [(row.pk, str(row)) for row in model._default_manager.order_by(*model._meta.ordering)[:CHOICES]]


def bounded_filter(model: type[models.Model], asked: Any) -> Any:
    """The filter that ``list_filter`` names, but never one that reads the whole table for its choices."""
    if not isinstance(asked, str):
        return asked
    field: Any = get_fields_from_path(model, asked)[-1]
    if field.is_relation:
        return asked, FewRelatedFilter
    if field.flatchoices or isinstance(field, models.BooleanField | models.DateField):
        return asked
    return asked, NewestValuesFilter
