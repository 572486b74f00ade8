"""The block-list of prompts: kept by moderators, each change with its reason."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.forms.widgets import Media
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.models import AuditEntry
from accounts.staff.who import who
from config.api.why import MAX_REASON
from config.staff_pages import changed_columns
from config.staff_refusals import ServedForm, ServedPage
from config.staff_widgets import Textarea
from studio.models import BlockedPhrase
from studio.services.blocked_phrases import EVENTS, PhraseValues, block_phrase, change_phrase

HISTORY = 50
"""The newest changes of an entry that its page shows."""


class PhraseForm(ServedForm):
    reason = forms.CharField(
        max_length=MAX_REASON, widget=Textarea(attrs={"rows": 3}), help_text="The audit log keeps it."
    )

    class Meta:
        model = BlockedPhrase
        fields = ("phrase", "whole_words", "in_negative", "enabled")


@admin.register(BlockedPhrase)
class BlockedPhraseAdmin(ServedPage):
    form = PhraseForm
    list_display = ("phrase", "whole_words", "in_negative", "enabled", "updated_at")
    list_filter = ("enabled",)
    search_fields = ("phrase",)
    fields = ("phrase", "whole_words", "in_negative", "enabled", "reason", "history")
    readonly_fields = ("history",)

    @property
    def media(self) -> Media:
        return super().media + Media(css={"all": ["staff/staff.css", "staff/moderation.css"]})

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Switched off it refuses nothing, and its history stays."""
        return False

    def save_model(self, request: HttpRequest, obj: BlockedPhrase, form: forms.ModelForm, change: bool) -> None:
        by, values = who(request), form.cleaned_data
        names = changed_columns(obj, form) if change else PhraseForm.Meta.fields
        wanted = cast(PhraseValues, {name: values[name] for name in names})
        if change:
            change_phrase(obj.pk, wanted, by=by, reason=values["reason"])
        else:
            obj.pk = block_phrase(wanted, by=by, reason=values["reason"]).pk

    @admin.display(description="history")
    def history(self, row: Any) -> str | SafeString:
        if row.pk is None:
            return "-"
        entries = AuditEntry.objects.filter(event__in=EVENTS, detail__phrase_id=row.pk).select_related("actor")
        return render_to_string("admin/studio/phrase_history.html", {"entries": entries[:HISTORY]})
