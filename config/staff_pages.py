"""What every page of the staff's site is built on: it writes what was changed on it and nothing else.

A page lies open while others act: its owner is removed, an administrator loses the role. Each field comes with the
value that the page showed, so that a field nobody touched is not written, whatever became of it meanwhile.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest


class ShownFieldsMixin:
    """Of the forms of ``StaffPage``: ``changed_data`` compares with what the page showed, if it came back with that."""

    request: HttpRequest

    @cached_property
    def changed_data(self) -> list[str]:
        form: Any = self
        return [name for name in form.fields if self._is_changed(form, form[name])]

    @staticmethod
    def _is_changed(form: Any, bound: Any) -> bool:
        shown = bound.html_initial_name
        if not bound.field.show_hidden_initial or any(key == shown or key.startswith(f"{shown}_") for key in form.data):
            return bool(bound._has_changed())
        return bool(bound.field.has_changed(bound.initial, bound.data))


class StaffPage(admin.ModelAdmin):
    """A model on the staff's site. Adding and changing go by the user's permissions, as in Django."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        field: forms.Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and not isinstance(field, forms.FileField):
            field.show_hidden_initial = True
        return field

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        return type(form)(form.__name__, (ShownFieldsMixin, form), {"request": request, "__module__": __name__})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.save(force_insert=True)
        elif columns := changed_columns(obj, form):
            now = [field.name for field in obj._meta.concrete_fields if getattr(field, "auto_now", False)]
            obj.save(update_fields=[*columns, *now])


def changed_columns(obj: models.Model, form: Any) -> list[str]:
    """The columns that the form was asked to change."""
    columns = {field.name for field in obj._meta.concrete_fields}
    return [name for name in form.changed_data if name in columns]
