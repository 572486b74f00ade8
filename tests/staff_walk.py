"""What PostgreSQL reads for a page of the staff's site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.filled_rows import STATEMENTS


def number_below_the_filled() -> None:
    """What a test makes beforehand must not have the numbers that ``fill`` gives away, from 1001 on."""
    with connection.cursor() as cursor:
        for table in ("tenants_tenant", "accounts_user", "commerce_wallet"):
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), 500)", [table])


def fill(rows: int) -> None:
    """In the transaction of a test."""
    with connection.cursor() as cursor:
        for step, statement in STATEMENTS.items():
            if step != "sequences":
                cursor.execute("SELECT setseed(0.5)")
                # No parameters: the statements have percent signs of their own.
                cursor.execute(statement.replace(":rows", str(rows)))
        # What waits to be put into the index is taken for a reason not to use it.
        cursor.execute("SELECT gin_clean_pending_list('gallery_search')")
        cursor.execute("ANALYZE")


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
    most = max((_rows(sql), sql) for sql in statements if sql.startswith(("SELECT", "WITH")))
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
