"""The audit log of what staff change in a form."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest

from accounts.services.audit import record
from accounts.staff.who import who

LONGEST = 1000
"""Of a value, as it is written down."""


def record_edit(request: HttpRequest, event: str, form: forms.ModelForm, row: str) -> None:
    """Write down what was changed: before and after of each field. Nothing, where nothing was."""
    names = [name for name in form.changed_data if name in form.fields]
    if not names:
        return
    before = {name: _said(form.initial.get(name)) for name in names} if form.initial else {}
    after = {name: _said(form.cleaned_data.get(name)) for name in names}
    record(event, actor=who(request), row=row, before=before, after=after)


def _said(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)[:LONGEST]
