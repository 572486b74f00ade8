"""Everything that the staff's lists offer, asked for one by one, and what PostgreSQL reads for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db import connection
from django.db.models import IntegerField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.filled_rows import RARE, STATEMENTS

TERMS = ("person77", "person77@mail27.example.com", "1777", RARE, "forest", "company-77.example.com", "no such thing")
"""What is searched for: words, an address, a number, a rare word, a common one, a tenant, nothing."""


def fill(rows: int) -> None:
    """In the transaction of a test."""
    with connection.cursor() as cursor:
        for step, statement in STATEMENTS.items():
            if step != "sequences":
                # No parameters: the statements have percent signs of their own.
                cursor.execute(statement.replace(":rows", str(rows)))
        cursor.execute("ANALYZE")


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


@dataclass(frozen=True)
class Read:
    queries: int
    rows: int
    """The most that one of its statements takes from a table or an index, or dismisses."""
    statement: str
    """That one."""


def read(client: Client, url: str) -> Read:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200, url
    statements = [query["sql"] for query in asked.captured_queries]
    most = max((_rows(sql), sql) for sql in statements if sql.startswith("SELECT"))
    return Read(len(statements), *most)


def _rows(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, FORMAT JSON) {sql}")
        (plan,) = cursor.fetchone()
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return sum(_read_by(node) for node in _nodes(plan[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _read_by(node: dict[str, Any]) -> int:
    if "Relation Name" not in node and "Index Name" not in node:
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])
