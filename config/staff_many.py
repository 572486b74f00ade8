"""An act of staff on several rows of a list at once: asked about once, and each row decided by itself.

An action of a list calls ``act_on_many``. It answers the page that asks; when that comes back it does what can be done,
and says of each row that refused why.
"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from config.api.errors import DomainError
from config.staff_acts import Act
from config.staff_views import staff_page

MANY = 100
"""Rows at once: each takes a transaction, and somebody waits."""
TOLD = 10
"""Of so many rows it is said one by one what was done, or why not."""
CONFIRMED = "confirmed"


def act_on_many(request: HttpRequest, rows: QuerySet[Model], act: Act, back: str = "") -> HttpResponse | None:
    """Ask; or, once asked, do it and answer None. One row's refusal leaves the others alone.

    back: where whoever does not want to goes; the same page unless given.
    """
    if not request.user.has_perm(act.permission):
        raise PermissionDenied
    chosen = list(rows.order_by("pk")[: MANY + 1])
    if len(chosen) > MANY:
        messages.error(request, f"{act.title}: at most {MANY} rows at once. Nothing was done.")
        return None
    asked: dict[str, object] = {"row": chosen[0] if len(chosen) == 1 else None, "staff": request.user}
    if CONFIRMED not in request.POST:
        return _ask(request, act, chosen, act.form(**asked), back, 200)
    form = act.form(request.POST, request.FILES, **asked)
    if not form.is_valid():
        return _ask(request, act, chosen, form, back, 422)
    done, refused = [], []
    for row in chosen:
        try:
            done.append(act.do(request.user, row, form.cleaned_data))
        except DomainError as error:
            refused.append(f"{str(row).capitalize()}: {error}")
    _tell(request, messages.SUCCESS, done, "done")
    _tell(request, messages.WARNING, refused, "refused")
    return None


def _ask(request: HttpRequest, act: Act, rows: list[Model], form: object, back: str, status: int) -> HttpResponse:
    kept = [
        ("action", request.POST.get("action", "")),
        ("select_across", "0"),
        (CONFIRMED, "1"),
        *((ACTION_CHECKBOX_NAME, str(row.pk)) for row in rows),
    ]
    context = {"act": act, "form": form, "rows": rows[:TOLD], "more": len(rows[TOLD:]), "kept": kept}
    context["back"] = back or request.get_full_path()
    return staff_page(request, "admin/act_many.html", act.title, context, status)


def _tell(request: HttpRequest, level: int, said: list[str], word: str) -> None:
    for sentence in said[:TOLD]:
        messages.add_message(request, level, sentence)
    if len(said) > TOLD:
        messages.add_message(request, level, f"And {len(said) - TOLD} more {word}.")
