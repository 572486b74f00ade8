"""What staff do with a request, as one form: each part that is filled in is one verb of the services."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from accounts.models import User
from config.api.texts import has_content
from config.staff_refusals import ServedForm
from config.staff_widgets import Select, Textarea
from support import services
from support.models import MAX_TEXT_LENGTH, CannedAnswer, SupportRequest


class TicketForm(ServedForm):
    canned = forms.ModelChoiceField(
        CannedAnswer.objects.filter(enabled=True), required=False, label="Canned answer",
        widget=Select,
        help_text="Sent in front of what you write below.",
    )  # fmt: skip
    answer = forms.CharField(
        required=False, max_length=MAX_TEXT_LENGTH, widget=Textarea(attrs={"rows": 6}),
        help_text="The author reads it and is told by mail.",
    )  # fmt: skip
    note = forms.CharField(
        required=False, max_length=MAX_TEXT_LENGTH, widget=Textarea(attrs={"rows": 2}),
        label="Internal note", help_text="Only staff see it.",
    )  # fmt: skip
    assignee = forms.ModelChoiceField(User.objects.none(), required=False, widget=Select)
    status = forms.TypedChoiceField(choices=(), coerce=int, widget=Select)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = SupportRequest
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = services.staff()  # type: ignore[attr-defined]
        possible = {self.instance.status, *SupportRequest.TRANSITIONS[self.instance.status]}
        # As the page showed it: what a colleague made of it meanwhile is told by the service, not by the choices.
        if str(self.data.get("status", "")).isdigit():
            possible.add(int(self.data["status"]))
        self.fields["status"].choices = [  # type: ignore[attr-defined]
            choice for choice in SupportRequest.Status.choices if choice[0] in possible
        ]
        now = services.version_of(self.instance)
        self.initial.update(assignee=self.instance.assignee_id, status=self.instance.status, seen=now)

    def clean(self) -> dict[str, object]:
        values = super().clean()
        if self.refused and self.is_bound:
            # Whoever was told what happened meanwhile decides anew, with what was typed.
            self.data = cast(Any, self.data).copy()
            self.data["seen"] = self.initial["seen"]  # type: ignore[index]
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
