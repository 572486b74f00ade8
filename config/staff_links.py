"""Links to what somebody may not open are plain text to them, wherever a page of the panel has them: a related row, a
figure, a recent action, an answer of Django's own.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus, urlsplit

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import Resolver404, ResolverMatch, resolve

from config.staff_exports import may_export
from config.staff_pages import StaffPage
from config.staff_views import staff_views

_LINK = re.compile(rb'<a\b[^>]*?\bhref="(/[^"#?]*)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)
_NUMBER = re.compile(rb"\d+")


def without_closed_links(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The same response, once it is rendered."""
    if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
        response.add_post_render_callback(lambda rendered: _unlink(request, rendered))
    else:
        _unlink(request, response)
    return response


def _unlink(request: HttpRequest, response: HttpResponseBase) -> None:
    if not isinstance(response, HttpResponse) or not response.get("Content-Type", "").startswith("text/html"):
        return
    page, known = response.content, dict[bytes, bool]()

    def shown(link: re.Match[bytes]) -> bytes:
        # Whichever row it is.
        page_of = _NUMBER.sub(b"1", link[1])
        if page_of not in known:
            known[page_of] = may_open(request, unquote_plus(page_of.decode()))
        return link[0] if known[page_of] else b"<span>" + link[2] + b"</span>"

    changed = _LINK.sub(shown, page)
    if changed != page:
        response.content = changed


def may_open(request: HttpRequest, address: str) -> bool:
    """Whether the page at the address, if it is one of the panel's, shows itself to who asks."""
    # Its pages are made of this site, which is only there once this module is.
    from config.queue_pages import LOOK

    try:
        match = resolve(urlsplit(address).path)
    except Resolver404:
        return True
    user = request.user
    if match.namespace == "django_rq":
        return user.has_perm(LOOK)
    if match.namespace != "admin":
        return True
    name = match.url_name or ""
    if name in staff_views:
        return user.has_perm(staff_views[name].permission)
    return _of_model(request, match)


def _of_model(request: HttpRequest, match: ResolverMatch) -> bool:
    app, _, rest = (match.url_name or "").partition("_")
    model_name, _, view = rest.partition("_")
    for model, page in admin.site._registry.items():
        if (model._meta.app_label, model._meta.model_name) == (app, model_name):
            if view == "add":
                return page.has_add_permission(request)
            if view == "export" and isinstance(page, StaffPage):
                return may_export(page, request)
            return page.has_view_permission(request)
    return True
