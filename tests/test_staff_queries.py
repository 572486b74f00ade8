"""How many statements each page of the panel takes, beside what is written down in ``staff_queries.txt``: the same with
three rows of everything as with thirty.

``pytest tests/test_staff_queries.py --golden`` writes the file anew; its difference is what a review looks at.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from config.staff_filters import CHOICES
from studio.services.files.figures import count_stored
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.staff_pages import panel_pages
from tests.staff_rows import fill_all
from tests.staff_walk import number_below_the_filled

FILE = Path(__file__).with_name("staff_queries.txt")
HEAD = "# page, and the statements that it takes\n"
FEW, MANY = 3, 30

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client, make_user: UserFactory) -> Client:
    number_below_the_filled()
    client.force_login(make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR))
    return client


def asked_by(client: Client, url: str) -> tuple[list[str], str]:
    """The statements, and the page."""
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(url)
        page = answer.text if not answer.streaming else ""
    assert answer.status_code in (HTTPStatus.OK, HTTPStatus.FOUND, HTTPStatus.FORBIDDEN), f"{url}: {answer.status_code}"
    verbs = ("SAVEPOINT", "RELEASE")
    return [query["sql"] for query in asked if not query["sql"].startswith(verbs)], page


@pytest.mark.parametrize("rows", [FEW, MANY])
def test_pages_take_the_statements_that_are_written_down(
    rows: int, staff: Client, request: pytest.FixtureRequest
) -> None:
    with all_tenants():
        fill_all(rows)
        counted = HEAD
        for name, url in panel_pages():
            # Once for what a process keeps.
            staff.get(url)
            counted += f"{name} {len(asked_by(staff, url)[0])}\n"
    if rows == MANY and request.config.getoption("--golden"):
        FILE.write_text(counted)
    assert counted.splitlines() == FILE.read_text().splitlines()


class Selects(HTMLParser):
    """How many choices each ``select`` of a page offers, by its name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.choices: dict[str, int] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "select":
            self.name = dict(attrs).get("name") or "?"
            self.choices[self.name] = 0
        elif tag == "option" and self.choices:
            self.choices[self.name] += 1


SMALL_BY_NATURE = {"category", "canned"}
"""Shelves and answers that staff make by hand."""


def unbounded(sql: str) -> bool:
    """Whether it counts a table to its end. Django's cache in the database counts its own rows to stay small."""
    return (
        "durable_cache" not in sql
        and bool(re.search(r"\bCOUNT\(", sql, re.IGNORECASE))
        and not re.search(r"\b(WHERE|LIMIT)\b", sql)
    )


def test_no_page_offers_a_whole_table_or_counts_one(staff: Client) -> None:
    with all_tenants():
        fill_all(2 * CHOICES)
        # Upkeep reads every file, once an hour.
        count_stored()
        wrong = []
        for name, url in panel_pages():
            statements, page = asked_by(staff, url)
            offered = {
                of: choices
                for of, choices in Selects(page).choices.items()
                if choices > CHOICES + 1 and of not in SMALL_BY_NATURE
            }
            wrong += [f"{name}: {of} offers {choices}" for of, choices in offered.items()]
            wrong += [f"{name}: {sql[:300]}" for sql in statements if unbounded(sql)]
    assert not wrong, "\n".join(wrong)


def test_a_whole_table_is_noticed() -> None:
    """What the test above looks with."""
    assert unbounded('SELECT COUNT(*) AS "__count" FROM "studio_renderjob"')
    assert not unbounded('SELECT COUNT(*) FROM (SELECT 1 FROM "studio_renderjob" LIMIT 1001) AS s')
    assert Selects("<select name=a><option><option></select><select name=b></select>").choices == {"a": 2, "b": 0}
