"""The panel's frame, as assistive technology sees it: what axe-core finds on its pages."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.e2e.axe import serious_faults
from tests.e2e.test_forms import log_in
from tests.fixtures import UserFactory

PAGES = (
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/user/{me}/change/",
    "/admin/commerce/order/",
    "/admin/commerce/promocode/add/",
    "/admin/effects/effect/",
    "/admin/security/",
    "/admin/password_change/",
)


@pytest.fixture
def staff(transactional_db: None, make_user: UserFactory) -> User:
    return make_user(name="Ada", role=User.Role.SUPER_ADMINISTRATOR)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_pages_have_no_serious_faults(page: Page, staff: User, scheme: Literal["dark", "light"]) -> None:
    page.emulate_media(color_scheme=scheme)
    log_in(page, staff)
    found = {}
    for address in PAGES:
        page.goto(address.format(me=staff.pk))
        for width, height in ((1440, 900), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
            for fault in serious_faults(page):
                found.setdefault(str(fault), address)
    assert found == {}


def test_the_keyboard_gets_past_the_menu_and_into_the_account(page: Page, staff: User) -> None:
    log_in(page, staff)
    page.goto("/admin/accounts/user/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    menu = page.get_by_role("button", name="Your account")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
