"""Every page of the panel in a browser, as owners see it, with what hostile people may write: wide by day, narrow by
night.

No script of theirs runs, nothing is refused by the policy, no page is wider than the window, and axe-core finds nothing
serious.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page

from accounts.models import User
from accounts.staff.groups import OWNER
from tenants.scope import all_tenants
from tests.e2e.axe import serious_faults
from tests.e2e.test_forms import log_in
from tests.fixtures import UserFactory
from tests.panel_rows import make_hostile, make_rows
from tests.panel_urls import Address, addresses
from tests.staff_walk import number_below_the_filled

View = tuple[Literal["light", "dark"], int, int]
WIDE: View = ("light", 1440, 900)
NARROW: View = ("dark", 390, 844)
NO_PAGE = (
    "/r/<",
    "/jsi18n/",
    "/autocomplete/",
    "/logout/",
    "/export/",
    "/frame/",
    "/passkey",
    "/app/",
    "/recovery-codes/",
    "/<object_id>/",
    "/search/",
    "stats.json",
    "/acting/",
    "/confirm-action/",
    "/actions/",
    "/history/",
    "/login/",
    "/stop/",
)
"""What gives no page of its own kind, or one that others stand for."""
ONCE = (
    "/admin/accounts/user/<object_id>/history/",
    "/admin/accounts/user/export/<kind>/",
    "/admin/studio/preset/<object_id>/delete/",
)


@pytest.fixture
def rows(transactional_db: None) -> None:
    number_below_the_filled()
    make_rows(3)
    make_hostile()


def member(make_user: UserFactory, group: str) -> User:
    user = make_user(name=f"Ada of {group}")
    user.groups.add(Group.objects.get(name=group))
    return user


def walked() -> Iterator[Address]:
    with all_tenants():
        for address in addresses():
            ends = address.name.endswith(NO_PAGE) or any(
                part in address.name for part in NO_PAGE if not part.startswith("/<")
            )
            if not ends or address.name in ONCE:
                yield address


def faults(page: Page, view: View, axe: bool) -> list[str]:
    scheme, width, height = view
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": height})
    found = []
    if page.evaluate("window.hurt !== undefined"):
        found.append("a script of theirs ran")
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        found.append(f"{wide} wide at {width}")
    return found + [f"{scheme}: {fault}" for fault in (serious_faults(page) if axe else [])]


def walk(page: Page, views: tuple[View, ...], axe: bool) -> tuple[int, dict[str, list[str]]]:
    seen, wrong = 0, {}
    for address in walked():
        answer = page.goto(address.url, wait_until="load")
        assert answer is not None
        assert answer.status < 500, address.name
        if answer.status == 200:
            seen += 1
            # axe-core takes as long as the page: of each one view, in turns.
            looked = views[seen % len(views)] if axe else None
            if found := [fault for view in views for fault in faults(page, view, view == looked)]:
                wrong[address.name] = found
    return seen, wrong


# More than a hundred pages, each drawn twice.
@pytest.mark.timeout(900)
def test_every_page_as_an_owner_by_day_and_by_night(page: Page, rows: None, make_user: UserFactory) -> None:
    log_in(page, member(make_user, OWNER))
    seen, wrong = walk(page, (WIDE, NARROW), axe=True)
    assert wrong == {}
    assert seen > 80
