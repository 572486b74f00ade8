"""Every page of the panel that its URL conf has, about the first row of each model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.http import urlencode

from studio.admin.boards import WORKER_ACTS
from tenants.runtime import runtime_settings
from tests.staff_rows import FIRST

Arguments = Iterable[dict[str, Any]]

OF_MODELS = ("changelist", "export", "add", "history", "delete", "change", "act", "frame")
ELSEWHERE = {
    "begin_passkey_login", "security_begin_passkey", "security_add_passkey", "security_rename_passkey",
    "security_remove_passkey", "security_begin_app", "security_confirm_app", "security_remove_app",
    "security_renew_codes", "acting_end", "render_failures_retry", "login", "logout", "autocomplete", "view_on_site",
    "order_receipt",
}  # fmt: skip
"""No page of the panel's: what only takes a POST, leads elsewhere, or shows customers' pages."""
ABOUT: dict[str, Callable[[], Arguments]] = {
    "auth_user_password_change": lambda: [{"id": FIRST}],
    "runtime_setting": lambda: [{"name": min(runtime_settings)}],
    "render_worker_act": lambda: [{"verb": verb, "name": "worker-1"} for verb in WORKER_ACTS],
    "app_list": lambda: [{"app_label": app} for app in sorted({m._meta.app_label for m in admin.site._registry})],
}
"""Pages that are about something, but no row of a model."""


def panel_pages() -> Iterator[tuple[str, str]]:
    """Name and address of each. A page that nobody has told how to open is an error, so that none is left out."""
    # Imports what registers pages.
    get_resolver().url_patterns  # noqa: B018
    models = {f"{m._meta.app_label}_{m._meta.model_name}": m for m in admin.site._registry}
    for name, parameters in sorted(set(_routes(admin.site.urls[0]))):
        model, _, page = name.rpartition("_")
        if name in ELSEWHERE:
            continue
        if model in models and page in OF_MODELS:
            yield from _of_model(models[model], page)
        elif name in ABOUT:
            for about in ABOUT[name]():
                yield " ".join([name, *map(str, about.values())]), reverse(f"admin:{name}", kwargs=about)
        else:
            assert not parameters, f"{name}: add to ABOUT what it is about"
            yield name, reverse(f"admin:{name}")


def _of_model(model: type[Model], page: str) -> Iterator[tuple[str, str]]:
    label, shown = model._meta.label_lower, admin.site._registry[model]
    name = f"admin:{label.replace('.', '_')}_{page}"
    if page in ("changelist", "add"):
        yield f"{label} {page}", reverse(name)
        if page == "changelist" and shown.search_fields:
            yield f"{label} searched", f"{reverse(name)}?{urlencode({'q': 'person1'})}"
        return
    if page == "export":
        yield f"{label} export", reverse(name, args=["csv"])
        return
    row = model._base_manager.order_by("pk").filter(pk__gte=FIRST).first() if model._meta.managed else None
    row = row or model._base_manager.order_by("pk").first()
    assert row is not None, f"{label}: add rows to tests.staff_rows"
    if page == "act":
        for act in getattr(shown, "acts", ()):
            yield f"{label} {act.verb}", reverse(name, args=[row.pk, act.verb])
    elif page != "frame":
        yield f"{label} {page}", reverse(name, args=[row.pk])


def _routes(patterns: Iterable[Any], about: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and parameters of each pattern that has a name."""
    for pattern in patterns:
        inside = (*about, *re.findall(r"<(?:\w+:)?(\w+)>", str(pattern.pattern)))
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, inside)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name, inside
