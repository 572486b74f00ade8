"""The token of staff who act as a user, shown once; the banner that says so, and its button that ends it."""

from __future__ import annotations

from typing import Final, TypedDict

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from accounts.models import User
from accounts.services.acting import PERMISSION, Acted, end_acting
from accounts.staff.who import who
from config.staff_views import StaffView, staff_page, staff_views

_KEY: Final = "acting"


class Banner(TypedDict):
    """What the banner says; kept in the browser's session until ``ends``, in seconds since 1970."""

    user: int
    email: str
    until: str
    ends: float


def show_token(request: HttpRequest, user: User, acted: Acted) -> HttpResponseBase:
    banner: Banner = {
        "user": user.pk,
        "email": user.email,
        "until": f"{acted.until:%H:%M} UTC",
        "ends": acted.until.timestamp(),
    }
    request.session[_KEY] = banner
    context = {"acted": acted, "row": user, "studio_acting": banner}
    answer = staff_page(request, "admin/accounts/user/acting.html", f"You act as {user}", context)
    answer["Cache-Control"] = "no-store"
    return answer


def banner_of(request: HttpRequest) -> dict[str, Banner]:
    """For every page of the panel: whom the browser's user acts as."""
    if not hasattr(request, "session") or not request.path.startswith("/admin/"):
        return {}
    banner = request.session.get(_KEY)
    return {"studio_acting": banner} if banner and banner["ends"] > timezone.now().timestamp() else {}


def end(request: HttpRequest) -> HttpResponseBase:
    if request.method == "POST":
        end_acting(by=who(request))
        request.session.pop(_KEY, None)
        messages.success(request, "You act as nobody else any more.")
    return redirect("admin:index")


staff_views.plug("acting_end", StaffView("acting/end/", end, PERMISSION))
