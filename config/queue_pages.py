"""django-rq's pages about queues and workers, in the panel's frame and by our permissions: operations look, super
administrators act, and the audit log has what they did.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps

from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from django_rq import stats_views
from django_rq.urls import get_admin_urlpatterns
from rq.exceptions import NoSuchJobError

from accounts.services.audit import record
from accounts.staff.who import who

View = Callable[..., HttpResponseBase]

LOOK = "studio.change_renderjob"

_READS = {"GET", "HEAD"}
# Of rows that hold a link to the same page; our policy runs no inline code.
_HANDLER = re.compile(rb' onclick="[^"]*"')
# Shown with a form that is sent to it: what is to be done is asked about once more.
_ASKS = "confirm_action"


def by_permission(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        acts = request.method not in _READS
        if not request.user.has_perm(LOOK) or (acts and not (request.user.is_active and request.user.is_superuser)):
            raise PermissionDenied
        try:
            response = view(request, *args, **kwargs)
        except (NoSuchJobError, ImproperlyConfigured, LookupError, ValueError) as error:
            # Done, and its message is gone; no such queue or worker; or of a scheduler, and we run none of those.
            raise Http404 from error
        match = request.resolver_match
        if acts and match is not None and match.url_name != _ASKS and response.status_code < 400:
            act = request.POST.get("action") or match.url_name
            where = {name: str(value) for name, value in kwargs.items()}
            jobs = request.POST.getlist("job_ids")[:100]
            record("queue.acted", actor=who(request), act=act, where=where, jobs=jobs)
        if isinstance(response, HttpResponse) and not response.streaming:
            response.content = _HANDLER.sub(b"", response.content)
        return response

    return admin.site.admin_view(guarded)


app_name = "django_rq"
urlpatterns = [
    # The package would give these figures to whoever has a token in the address, too.
    path("stats.json", by_permission(stats_views.stats_json), name="home_json"),
    *get_admin_urlpatterns(view_wrapper=by_permission),
]
