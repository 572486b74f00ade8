"""The panel's pages where the catalogue is put in order: dragged, or moved by buttons and keys."""

from __future__ import annotations

from functools import partial

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from accounts.staff.who import who
from config.api.errors import Conflict, DomainError
from config.staff_views import StaffView, staff_page, staff_views
from effects.services.ordering import MOST, SHELVES, arrange, in_order


class Numbers(forms.CharField):
    """Row numbers with commas between."""

    def __init__(self) -> None:
        super().__init__(max_length=20 * MOST)

    def clean(self, value: object) -> list[int]:
        text = super().clean(value)
        try:
            numbers = [int(part) for part in text.split(",")]
        except ValueError:
            raise forms.ValidationError("This is no order: load the page anew.") from None
        if len(numbers) > MOST or any(not 0 < number < 2**63 for number in numbers):
            raise forms.ValidationError("This is no order: load the page anew.")
        return numbers


class OrderForm(forms.Form):
    seen = Numbers()
    order = Numbers()


def changing(shelf: str) -> str:
    """The permission that it takes."""
    return "effects.change_effect" if shelf == "effects" else "effects.change_category"


def order_page(request: HttpRequest, shelf: str) -> HttpResponseBase:
    rows = {row.pk: row for row in in_order(shelf)}
    shown, problem, status = list(rows), "", 200
    if request.method == "POST":
        form = OrderForm({"seen": request.POST.get("seen"), "order": ",".join(request.POST.getlist("order"))})
        status = 422
        if not form.is_valid():
            problem = "This is no order: load the page anew."
        elif "move" in request.POST:
            shown, status = _moved(form.cleaned_data["order"], request.POST["move"]), 200
        else:
            wanted, seen = form.cleaned_data["order"], form.cleaned_data["seen"]
            try:
                count = arrange(staff=who(request), shelf=shelf, ids=wanted, seen=seen)
            except DomainError as error:
                problem, status = str(error), error.status
                if isinstance(error, Conflict):
                    # What was wanted stays in sight; rows that have come since stand below it.
                    shown = wanted
            else:
                said = f"The {shelf} are in this order now." if count else "They were in this order already."
                messages.success(request, said)
                return redirect(request.path)
        known = dict.fromkeys(pk for pk in shown if pk in rows)
        shown = [*known, *(pk for pk in rows if pk not in known)]
    context = {
        "rows": [rows[pk] for pk in shown[:MOST]],
        "seen": ",".join(map(str, rows)),
        "problem": problem,
        "too_many": MOST if len(rows) > MOST else 0,
        "shelf": shelf,
        "may_change": request.user.has_perm(changing(shelf)),
    }
    return staff_page(request, "admin/order.html", f"Order of {shelf}", context, status)


def _moved(ids: list[int], move: str) -> list[int]:
    """``12:up`` moves row 12 by one place; for browsers without scripts."""
    number, _, way = move.partition(":")
    if number.isdecimal() and int(number) in ids and way in ("up", "down"):
        place = ids.index(int(number))
        other = place + (1 if way == "down" else -1)
        if 0 <= other < len(ids):
            ids[place], ids[other] = ids[other], ids[place]
    return ids


for _shelf in SHELVES:
    _name = _shelf.replace(" ", "_")
    staff_views.plug(
        f"order_{_name}",
        StaffView(
            f"catalogue/order/{_name.replace('_', '-')}/",
            partial(order_page, shelf=_shelf),
            changing(_shelf).replace("change", "view"),
            changing(_shelf),
            f"Order of {_shelf}",
            "swap_vert",
            "Catalogue",
        ),
    )
