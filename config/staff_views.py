"""Pages of the staff panel that are no model's: boards, queues, figures. Each app plugs its own in, in ``admin``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from config.platform.hooks import hook_of

View = Callable[..., HttpResponseBase]

_READS = {"GET", "HEAD"}


@dataclass(frozen=True)
class StaffView:
    """One page, by the name that its URL has below ``admin:``."""

    address: str
    """Below the panel's own: ``moderation/queue/``."""
    view: View
    permission: str
    """Who may open it: ``app.verb_model``."""
    acting: str = ""
    """What a POST takes, if that is more."""
    title: str = ""
    """In the menu; a page without one is not there."""
    icon: str = ""
    """Its Material symbol."""
    area: str = ""
    """Where in the menu: the title of one of ``config.staff_navigation.AREAS``."""


staff_views = hook_of("staff_views", StaffView, "Pages of the staff panel that belong to no model, by URL name.")


def staff_urls(admin_view: Callable[[View], View]) -> list[URLPattern]:
    return [path(page.address, admin_view(_permitted(page)), name=name) for name, page in staff_views.items()]


def staff_page(
    request: HttpRequest, template: str, title: str, context: Mapping[str, object], status: int = 200
) -> TemplateResponse:
    """A page in the panel's frame; the template extends ``admin/base_site.html``."""
    frame = admin.site.each_context(request)
    return TemplateResponse(request, template, {**frame, "title": title, **context}, status=status)


def _permitted(page: StaffView) -> View:
    @wraps(page.view)
    def permitted(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        acting = page.acting if request.method not in _READS else ""
        if not request.user.has_perms([page.permission, *([acting] if acting else [])]):
            raise PermissionDenied
        return page.view(request, *args, **kwargs)

    return permitted
