"""An answer of every operation, as it is written down in ``golden_answers.txt``: a change of one shows as a difference.

``pytest tests/test_golden_answers.py --golden`` writes the file anew. What differs from run to run is masked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.management.color import no_style
from django.db import connection

from tenants.scope import all_tenants
from tests import golden_requests as requests
from tests import permission_table as table
from tests.described import schema
from tests.fixtures import PASSWORD
from tests.undone import undone
from tests.world import Line, World, rows

pytestmark = pytest.mark.django_db

FILE = Path(__file__).with_name("golden_answers.txt")
MASKS = {
    "<moment>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*Z"),
    "<day>": re.compile(r"\b\d{4}-\d\d-\d\d\b"),
    "<uuid>": re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
    "<digest>": re.compile(r"(?<![0-9a-f])[0-9a-f]{32,}(?![0-9a-f])"),
    r"\1<random>": re.compile(r"\b((?:state|code_challenge|secret|scope)=)[\w+-]+"),
    "<seed>": re.compile(r"\b\d{6,10}\.0\b"),
    "<token>": re.compile(r"[\w-]{16,}[.:][\w.:-]{20,}|\b[\w-]+:[\w-]{6}:[\w-]{20,}"),
    "<number>": re.compile(r"\b(INV-)?\d{4}-\d{6}\b"),
    r"\1<id>": re.compile(r"(/)\d+\b(?![.:])"),
}
IDS = re.compile(r"^(id|id:=|.+(_id|Id|_ids|Ids))$")
WIDTH = 118
SHOWN = 12
"""Of a list."""
DRAWN = 1000
"""Seeds that somebody asked for are smaller."""
SCHEMA = "/api/schema"
"""Is written down by those who make it."""
SECRETS = {"secret", "csrf_token", "challenge"}
MEASURED = {"size", "duration", "queued_at", "expires_in", "job_time"}


@pytest.fixture(autouse=True)
def numbered_from_the_beginning(db: None) -> None:
    """Rows have the same numbers whatever ran before: what is rolled back turns no sequence back, and no cache."""
    cache.clear()
    models = [model for model in apps.get_models() if model._meta.managed]
    with all_tenants(), connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def asked() -> Iterator[tuple[str, Line]]:
    """Who asks what."""
    for actor, text in (
        ("owner", table.PUBLIC + table.SIGNED_IN + table.TENANT_OWNERS),
        ("chief", table.STAFF),
    ):
        for request in filter(None, text.splitlines()):
            if request.startswith(("GET /api/", "GET /status/")) and not request.endswith(SCHEMA):
                yield actor, Line((), *request.split(" "), row="", body=None)
    for text, names_row in ((table.ROWS, True), (table.REFERENCES, False)):
        for line in (Line.read(row, names_row=names_row) for row in rows(text)):
            admitted = [actor for actor, status in zip(table.ACTORS, line.statuses, strict=True) if status < 400]
            yield next((actor for actor in ("owner", "chief") if actor in admitted), "owner"), line
    for actor, text in (("nobody", requests.NOBODY), ("owner", requests.OWNER), ("chief", requests.CHIEF)):
        for row in rows(text):
            method, route, *body = row.split(" ", 2)
            yield (
                actor,
                Line((), method, route, "", json.loads(body[0].replace("%", PASSWORD)) if body else None),
            )


def masked(value: Any, name: str = "") -> Any:
    match value:
        case dict():
            return {key: masked(member, key) for key, member in value.items()}
        case list() if len(value) > SHOWN:
            return [*masked(value[:SHOWN], name), f"<{len(value)} in all>"]
        case list():
            return [masked(member, name) for member in value]
        case str() if name in SECRETS or (IDS.match(name) and value.isdecimal()):
            return f"<{name}>"
        case str():
            for word, pattern in MASKS.items():
                value = pattern.sub(word, value)
            return value
        case int() | float() if not isinstance(value, bool) and (IDS.match(name) or name in MEASURED):
            return f"<{name}>"
        case int() | float() if name in ("seed", "seed_schedule") and value > DRAWN:
            return "<seed>"
    return value


def written(value: Any, indent: int = 0) -> str:
    """As JSON, a member a line where it is too long for one."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) + indent < WIDTH or not isinstance(value, dict | list):
        return text
    pad = "\n" + " " * (indent + 1)
    if isinstance(value, dict):
        inner = (f"{json.dumps(key)}: {written(member, indent + 1)}" for key, member in value.items())
    else:
        inner = (written(member, indent + 1) for member in value)
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    return opened + pad + f",{pad}".join(inner) + pad[:-1] + closed


def told(world: World, actor: str, line: Line) -> str:
    with undone():
        answer = world.call(actor, *world.request(line, actor))
    head = f"{actor} {line.method} {line.route} {line.row} {json.dumps(line.body) if line.body else ''}".strip()
    try:
        body = written(masked(json.loads(answer.body)))
    except ValueError:
        body = "(no JSON)" if answer.body else "(nothing)"
    return f"{head}\n{answer.status} {body}\n"


def test_answers_are_as_they_are_written_down(world: World, pytestconfig: pytest.Config) -> None:
    found = "\n".join(told(world, actor, line) for actor, line in asked())
    if pytestconfig.getoption("--golden"):
        FILE.write_text(found)
    assert found == FILE.read_text()


def test_every_operation_is_asked() -> None:
    operations = {f"{method.upper()} {path}" for path, methods in schema()["paths"].items() for method in methods}
    asked_for = {f"{line.method} {line.route.partition('?')[0]}" for _, line in asked()}
    assert operations - {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", request) for request in asked_for} == set()
