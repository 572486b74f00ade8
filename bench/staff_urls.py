"""Everything that the staff's lists offer, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import IntegerField, Model
from django.test import Client
from django.urls import reverse

from bench.filled_rows import RARE
from config.staff_figures import PERIODS as OVERVIEW_PERIODS
from config.staff_views import staff_views
from studio.services.jobs.failures import PERIODS

TERMS = ("person77", "person77@mail27.example.com", "1777", RARE, "forest", "company-77.example.com", "no such thing")
"""What is searched for: words, an address, a number, a rare word, a common one, a tenant, nothing."""


def pages(client: Client, middle: int) -> Iterator[tuple[str, str]]:
    """Name and address of each list, with each filter, order and search that it offers, and from its middle; of a row's
    own page; and of the pages that are no model's.
    """
    yield from _of_no_model(client)
    for model in sorted((m for m in admin.site._registry if m._meta.managed), key=lambda m: m._meta.label_lower):
        yield from _of_model(client, model, middle)


def _of_no_model(client: Client) -> Iterator[tuple[str, str]]:
    for name, view in staff_views.items():
        if "<" not in view.address and client.get(reverse(f"admin:{name}")).status_code == HTTPStatus.OK:
            yield name, reverse(f"admin:{name}")
    for period in OVERVIEW_PERIODS:
        yield f"overview of {period}", f"{reverse('admin:index')}?period={period}"
    for period in PERIODS:
        yield f"render_failures of {period}", f"{reverse('admin:render_failures')}?period={period}"


def _of_model(client: Client, model: type[Model], middle: int) -> Iterator[tuple[str, str]]:
    label = model._meta.label_lower
    url = reverse(f"admin:{label.replace('.', '_')}_changelist")
    yield label, url
    if isinstance(model._meta.pk, IntegerField) and model._base_manager.filter(pk=middle).exists():
        yield f"{label} row", reverse(f"admin:{label.replace('.', '_')}_change", args=[middle])
    shown = client.get(url).context["cl"]
    for spec in shown.filter_specs:
        for choice in list(spec.choices(shown))[1:6]:
            yield f"{label} filtered by {spec.title}", url + choice["query_string"]
    for column, name in enumerate(shown.list_display):
        if name in (shown.list_display if shown.sortable_by is None else shown.sortable_by):
            yield f"{label} by {name}", f"{url}?o={column}"
            yield f"{label} by {name}, descending", f"{url}?o=-{column}"
    for term in TERMS if shown.search_fields else ():
        yield f"{label} searched for {term}", f"{url}?{urlencode({'q': term})}"
    if isinstance(model._meta.pk, IntegerField) and not shown.is_small:
        for turn in ("after", "before"):
            yield f"{label} {turn} its middle", f"{url}?{turn}={middle}"
