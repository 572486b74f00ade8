"""Every route, for everybody: the table of ``permission_table`` against the running product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from accounts.models import User
from tests import permission_table as table
from tests.fixtures import UserFactory
from tests.permission_rows import SECRET
from tests.world import ABSENT, OUTSIDERS, Line, World, rows

pytestmark = pytest.mark.django_db

STAFF_SITES = ("admin/", "django-rq/")


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        else:
            yield path, pattern


def served() -> list[str]:
    """Every ``METHOD /route`` that is not the staff's site nor the answer to unknown routes."""
    found = []
    for path, pattern in routes():
        if path.startswith((*STAFF_SITES, "^(?:api|status)")):
            continue
        view = getattr(pattern.callback, "cls", None)
        # DRF adds HEAD to a view's actions once the view has answered.
        actions = [name for name in getattr(pattern.callback, "actions", None) or () if name != "head"]
        if view is None:
            methods = taken(path)
        else:
            methods = actions or [name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)]
        found += [f"{method.upper()} /{path}" for method in methods]
    return found


def taken(path: str) -> list[str]:
    """The methods of a page, as it answers to one that no page takes."""
    filled = re.sub(r"<(\w+):\w+>", lambda found: str(ABSENT[found[1]]), path)
    answer = Client().generic("TRACE", f"/{filled}")
    assert answer.status_code == 405, f"{path} does not say which methods it takes"
    return [method for method in answer["Allow"].split(", ") if method != "HEAD"]


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    plain = [row for text in (table.PUBLIC, table.SIGNED_IN, table.STAFF, table.TENANT_OWNERS) for row in rows(text)]
    with_row = [Line.read(text, names_row=True) for text in rows(table.ROWS)]
    listed = {*plain, *(f"{line.method} {line.route}" for line in with_row)}
    assert len(plain) == len(set(plain))
    assert len(with_row) == len({(line.method, line.route, line.row) for line in with_row})
    assert [row for row in plain if "<" in row] == [], "a path that names a row belongs to ROWS"
    assert (set(served()) - listed, listed - set(served())) == (set(), set()), "without a row, without a route"


def test_everybody_gets_what_the_table_says(world: World) -> None:
    wrong = {}
    signed_in = ("owner", "colleague", "stranger", "staff", "chief")
    for text, admitted in (
        (table.PUBLIC, ("nobody", *signed_in)),
        (table.SIGNED_IN, signed_in),
        (table.STAFF, ("staff", "chief")),
        (table.TENANT_OWNERS, ("owner", "stranger", "staff", "chief")),
    ):
        for request in rows(text):
            for actor, answer in world.statuses(request).items():
                refusal = 401 if actor == "nobody" else 403
                if (answer.status in (401, 403)) if actor in admitted else (answer.status != refusal):
                    wrong[request, actor] = str(answer.status)
                shared = actor == "colleague" and request in table.TENANT_WIDE
                if actor in OUTSIDERS and not shared and SECRET.encode() in answer.body:
                    wrong[request, actor] = answer.body.decode()
    assert not wrong, "\n".join(f"{row}: {found}" for row, found in wrong.items())


def test_rows_in_paths_are_answered_as_the_table_says(world: World) -> None:
    wrong = [
        f"{text}: {problem}" for text in rows(table.ROWS) for problem in world.problems(Line.read(text, names_row=True))
    ]
    assert not wrong, "\n".join(wrong)


def test_rows_in_queries_and_bodies_are_answered_as_the_table_says(world: World) -> None:
    wrong = [
        f"{text}: {problem}"
        for text in rows(table.REFERENCES)
        for problem in world.problems(Line.read(text, names_row=False))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("actor", ["anonymous", "user", "staff"])
def test_the_staff_site_is_the_staffs(actor: str, make_user: UserFactory) -> None:
    client = Client()
    if actor != "anonymous":
        client.force_login(make_user(role=User.Role.ADMINISTRATOR if actor == "staff" else User.Role.USER))
    open_to_all = {
        "admin/login/",
        "admin/logout/",
        "admin/jsi18n/",
        "admin/autocomplete/",
        "admin/password_change/done/",
    }
    paths = {path for path, _ in routes() if path.startswith(STAFF_SITES) and "<" not in path and "(" not in path}
    assert len(paths) > 40
    came_in = {path for path in paths - open_to_all if client.get(f"/{path}").status_code == 200}
    assert ("admin/" in came_in) == (actor == "staff")
    if actor != "staff":
        assert came_in == set()
