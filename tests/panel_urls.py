"""Every address of the staff panel, as the URL conf has them, filled in with rows that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from commerce.models import Order
from tests.panel_rows import newest, pages

NAMESPACES = {"admin", "django_rq"}
FILLED = {
    "queue_index": "0",
    "scheduler_index": "0",
    "connection_index": "0",
    "job_id": "none",
    "result_id": "none",
    "key": "none",
    "scheduler_name": "none",
    "cron_job_name": "none",
    "passkey_id": "1",
    "frame": "1",
    "kind": "csv",
    "name": "registration_open",
}
"""What parts of an address stand for, if not for a row or an act. A part that is not here fails the walk."""
_PART = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Address:
    name: str
    """Its pattern, with the verb of the act."""
    url: str


def addresses() -> Iterator[Address]:
    # Registers the pages.
    for pattern, name in sorted(_patterns(get_resolver().url_patterns, "", ())):
        yield from _filled(pattern, name)


def _patterns(
    found: list[URLPattern | URLResolver], before: str, namespaces: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    for one in found:
        pattern = f"{before}{one.pattern}"
        if isinstance(one, URLResolver):
            within = (*namespaces, one.namespace) if one.namespace else namespaces
            yield from _patterns(one.url_patterns, pattern, within)
        elif NAMESPACES & set(namespaces):
            yield pattern, one.name or ""


def _filled(pattern: str, name: str) -> Iterator[Address]:
    if "(?P<app_label>" in pattern:
        for label in sorted({model._meta.app_label for model in admin.site._registry}):
            yield Address(f"/admin/{label}/", reverse("admin:app_list", args=[label]))
        return
    if "(?P<url>" in pattern:
        yield Address("/admin/<nonesuch>", "/admin/nonesuch")
        return
    rows, verbs = "1", [""]
    for model, page in pages().items():
        if pattern.startswith(f"admin/{model._meta.app_label}/{model._meta.model_name}/"):
            row = newest(model)
            rows = str(row.pk) if row else "none"
            verbs = [act.verb for act in page.acts] if name.endswith("_act") else [""]
    if name == "auth_user_password_change":
        rows = str(User.objects.order_by("pk").values_list("pk", flat=True)[0])
    if name == "render_worker_act":
        verbs = ["drain", "resume"]
    known = {
        **FILLED,
        "object_id": rows,
        "id": rows,
        "order_id": str(Order.objects.values_list("pk", flat=True)[0]),
        "content_type_id": str(ContentType.objects.get_for_model(User).pk),
    }
    for verb in verbs or ["none"]:
        whole = {**known, "verb": verb}
        shown = pattern.replace("<slug:verb>", verb)
        url = pattern
        for part in _PART.finditer(pattern):
            url = url.replace(part[0], whole[part[1]])
        yield Address("/" + _PART.sub(r"<\1>", shown), f"/{url}")
