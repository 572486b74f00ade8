"""django-rq's pages about queues and workers, by our permissions: administrators look, super administrators act."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django_rq import stats_views
from django_rq.urls import get_admin_urlpatterns

View = Callable[..., HttpResponseBase]

_READS = {"GET", "HEAD"}


def by_permission(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method not in _READS and not (request.user.is_active and request.user.is_superuser):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return admin.site.admin_view(guarded)


app_name = "django_rq"
urlpatterns = [
    # The package would give these figures to whoever has a token in the address, too.
    path("stats.json", by_permission(stats_views.stats_json), name="home_json"),
    *get_admin_urlpatterns(view_wrapper=by_permission),
]
