"""What staff do with a row, on a page of its own: what will happen, what is asked for, and one button that does it.

An act is a verb of a service, which checks it under a lock of its own and writes the audit log. Two members of the
staff may have the same page open: the second is told what the service says, with everything typed still there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from config.api.errors import DomainError, ValidationFailed
from config.api.why import MAX_REASON
from config.staff_views import staff_page

Row: TypeAlias = Any
"""A model's instance, of the page that has the act."""
Staff: TypeAlias = Any
"""``accounts.models.User``, which this package does not know."""
Values: TypeAlias = dict[str, Any]
"""What a form was filled in with, by field."""


class ActForm(forms.Form):
    """What an act asks for; ``row`` is whom it is about, ``staff`` who does it."""

    def __init__(self, *args: Any, row: Row, staff: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row, self.staff = row, staff
        self.begin()

    def begin(self) -> None:
        """Called once ``row`` and ``staff`` are known: what the fields begin with."""


class ReasonForm(ActForm):
    reason = forms.CharField(
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The audit log keeps it.",
    )


def always(staff: Staff, row: Row) -> bool:
    return True


@dataclass(frozen=True)
class Act:
    """One verb."""

    verb: str
    """In the address: ``block``."""
    title: str
    """On its button."""
    permission: str
    """Who may: ``app.verb_model``."""
    do: Callable[[Staff, Row, Values], str]
    """Called with who acts, the row and the form's values; answers what was done, in a sentence. Raises DomainError."""
    form: type[ActForm] = ReasonForm
    about: str = ""
    """What will happen, for the page that asks."""
    possible: Callable[[Staff, Row], bool] = always
    """Whether the row, as it is, has the verb: (who, row)."""
    danger: bool = False
    """Whether the button warns."""

    def offered_to(self, staff: Staff, row: Row) -> bool:
        return staff.has_perm(self.permission) and self.possible(staff, row)


def act_view(request: HttpRequest, act: Act, row: Row, back: str = "", **context: object) -> HttpResponseBase:
    """Ask (GET), or do it (POST) and go back: to the page of the row, unless ``back`` says where."""
    if not request.user.has_perm(act.permission):
        raise PermissionDenied
    back = back or reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    asked = {"row": row, "staff": request.user}
    status = 200
    if request.method == "POST":
        form = act.form(request.POST, request.FILES, **asked)
        status = 422
        if form.is_valid():
            try:
                said = act.do(request.user, row, form.cleaned_data)
            except DomainError as error:
                tell(form, error)
                status = error.status
            else:
                messages.success(request, said)
                return redirect(back)
    elif not act.possible(request.user, row):
        messages.warning(request, f"{act.title}: not as {row} is now.")
        return redirect(back)
    else:
        form = act.form(**asked)
    shown = {"act": act, "form": form, "row": row, "back": back, **context}
    return staff_page(request, "admin/act.html", act.title, shown, status)


def tell(form: forms.BaseForm, error: DomainError) -> None:
    """Say beside the fields of the form, or above them, why a service refused."""
    if not isinstance(error, ValidationFailed):
        form.add_error(None, error.message)
        return
    for field, reasons in error.fields.items():
        known = field in form.fields
        for reason in reasons:
            form.add_error(field if known else None, reason if known else f"{field}: {reason}")
