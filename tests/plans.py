"""What statements read, as PostgreSQL counts it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext


def rows_read(asked: CaptureQueriesContext) -> dict[str, int]:
    """Of each SELECT as it was sent: the rows that it takes from tables and indexes, or dismisses.

    Prepared, so that ``plan_cache_mode`` decides, and run again under today's scope.
    """
    sent = (query["sql"] for query in asked.captured_queries)
    return {sql: _rows(sql) for sql in sent if sql.lstrip().startswith(("SELECT", "WITH")) and "FROM" in sql}


def _rows(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE measured AS {sql}")
        try:
            cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, FORMAT JSON) EXECUTE measured")
            (plan,) = cursor.fetchone()
        finally:
            cursor.execute("DEALLOCATE measured")
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
