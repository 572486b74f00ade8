"""Boards of the staff that are no list: what failed, by its code; and the workers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User
from config.api.errors import Unavailable
from config.staff_acts import Act, Values, act_view
from config.staff_many import MANY, act_on_many
from config.staff_views import StaffView, staff_page, staff_views
from studio.admin.display import seconds_text, size_text
from studio.admin.job_acts import OPERATE, RETRY
from studio.models import RenderJob
from studio.services.jobs.drains import drain, resume
from studio.services.jobs.failures import PERIODS, failures, to_try_again
from studio.services.jobs.workers import WorkerRow, worker_rows

_TITLES = {"24h": "24 hours", "7d": "7 days", "30d": "30 days"}


def failed(request: HttpRequest) -> HttpResponseBase:
    """What failed in a period, by its code."""
    period = request.GET.get("period", "7d")
    if period not in PERIODS:
        raise Http404
    found = failures(period)
    groups = [
        {
            **row,
            "list": _list_of(row["code"]),
            "retry": reverse("admin:render_failures_retry", query={"code": row["code"], "period": period}),
        }
        for row in found
    ]
    context = {"groups": groups, "period": period, "periods": _TITLES, "total": sum(row["renders"] for row in found)}
    return staff_page(request, "admin/renders/failed.html", "Failed renders", context)


def retry_failed(request: HttpRequest) -> HttpResponseBase:
    """Ask, and then try again what failed with one code, the newest MANY of it."""
    code, period = request.GET.get("code", ""), request.GET.get("period", "7d")
    if period not in PERIODS or "\0" in code:
        raise Http404
    back = reverse("admin:render_failures", query={"period": period})
    left = to_try_again(code, period, limit=MANY)
    if request.method == "POST":
        # Those that the page has shown, as far as they are still left.
        asked = set(request.POST.getlist(ACTION_CHECKBOX_NAME))
        left = [pk for pk in left if str(pk) in asked]
    if not left:
        messages.warning(request, f"Nothing that failed with {code or 'no code'} is left to be tried again.")
        return redirect(back)
    rows = RenderJob.objects.filter(pk__in=left).select_related("video", "owner")
    return act_on_many(request, rows, RETRY, back) or redirect(back)


def workers(request: HttpRequest) -> HttpResponseBase:
    """Who renders, where, with what, and what."""
    try:
        rows = worker_rows()
    except Unavailable as error:
        return staff_page(request, "admin/renders/workers.html", "Workers", {"problem": error.message})
    machines = sorted({row["report"]["machine"] for row in rows if row["report"]})
    drained = {one.name for row in rows for one in row["drains"]}
    context = {"rows": [_shown(row) for row in rows], "machines": [(name, name in drained) for name in machines]}
    return staff_page(request, "admin/renders/workers.html", "Workers", context)


def _list_of(code: str) -> str:
    chosen = {"error_code__exact": code, "status__exact": "failed"}
    return reverse("admin:studio_renderjob_changelist", query=chosen)


def _shown(row: WorkerRow) -> dict[str, object]:
    report = row["report"]
    own = {one.name for one in row["drains"]}
    shown: dict[str, object] = {
        **row,
        "state": "drained" if row["drains"] else "working" if row["alive"] else "silent",
        "own_drain": row["name"] in own,
        "silent": seconds_text(row["silent_seconds"]),
        "machine": report["machine"] if report else "",
    }
    if report:
        shown["memory"] = f"{size_text(report['memory_used'])} of {size_text(report['memory_total'])}"
        shown["memory_percent"] = round(100 * report["memory_used"] / max(1, report["memory_total"]))
        shown["started"] = datetime.fromtimestamp(report["started"], UTC)
    return shown


def _drain(staff: User, name: str, values: Values) -> str:
    drain(name, by=staff, reason=values["reason"])
    return f"{name} is drained: it ends the render that it has, and claims no other."


def _resume(staff: User, name: str, values: Values) -> str:
    resume(name, by=staff, reason=values["reason"])
    return f"{name} claims renders again."


WORKER_ACTS: Mapping[str, Act] = {
    "drain": Act(
        "drain",
        "Drain",
        OPERATE,
        _drain,
        about="It ends the render that it has and claims no other, until it is resumed. A machine's name means all of"
        " its workers, those too that start later.",
        danger=True,
    ),
    "resume": Act("resume", "Resume", OPERATE, _resume, about="It claims renders again."),
}


def worker_act(request: HttpRequest, verb: str, name: str) -> HttpResponseBase:
    """Ask (GET), or do it (POST) and go back to the workers."""
    act = WORKER_ACTS.get(verb)
    if act is None:
        raise Http404
    return act_view(request, act, name, back=reverse("admin:render_workers"))


def queues(request: HttpRequest) -> HttpResponseBase:
    """Where the pages of ``config.queue_pages`` begin: what lies in Redis, message by message."""
    return redirect("django_rq:home")


staff_views.plug(
    "render_failures",
    StaffView("renders/failed/", failed, OPERATE, title="Failed by code", icon="error", area="Renders"),
)
staff_views.plug("render_failures_retry", StaffView("renders/failed/retry/", retry_failed, OPERATE))
staff_views.plug(
    "render_workers",
    StaffView("renders/workers/", workers, OPERATE, title="Workers", icon="memory", area="Renders"),
)
staff_views.plug(
    "render_queues",
    StaffView("renders/queues/", queues, OPERATE, title="Queues", icon="format_list_numbered", area="Renders"),
)
staff_views.plug(
    "render_worker_act",
    StaffView("renders/workers/<slug:verb>/<path:name>/", worker_act, OPERATE),
)
