"""The answers that staff keep at hand."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.staff.who import who
from config.staff_pages import changed_columns
from config.staff_refusals import ServedForm, ServedPage
from support.models import CannedAnswer
from support.services.canned import keep_canned_answer


class CannedAnswerForm(ServedForm):
    class Meta:
        model = CannedAnswer
        fields = ("title", "text", "enabled")


@admin.register(CannedAnswer)
class CannedAnswerAdmin(ServedPage):
    form = CannedAnswerForm
    list_display = ("title", "enabled")
    search_fields = ("title", "text")

    def save_model(self, request: HttpRequest, obj: CannedAnswer, form: forms.ModelForm, change: bool) -> None:
        names = changed_columns(obj, form) if change else CannedAnswerForm.Meta.fields
        changes = {name: form.cleaned_data[name] for name in names}
        by = who(request)
        obj.pk = keep_canned_answer(by=by, changes=changes, answer_id=obj.pk if change else None).pk
