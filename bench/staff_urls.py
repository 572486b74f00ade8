"""Everything that the staff's lists offer, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import IntegerField
from django.test import Client
from django.urls import reverse

from bench.filled_rows import RARE

TERMS = ("person77", "person77@mail27.example.com", "1777", RARE, "forest", "company-77.example.com", "no such thing")
"""What is searched for: words, an address, a number, a rare word, a common one, a tenant, nothing."""


def pages(client: Client, middle: int) -> Iterator[tuple[str, str]]:
    """Name and address of each list, with each filter, order and search that it offers, and from its middle."""
    for model in sorted((m for m in admin.site._registry if m._meta.managed), key=lambda m: m._meta.label_lower):
        label = model._meta.label_lower
        url = reverse(f"admin:{label.replace('.', '_')}_changelist")
        yield label, url
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
