"""Support with a customer in a browser: found, looked at, blocked, acted as; and who may not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import LoginSession, User
from accounts.services import Device, open_session
from commerce.services.wallets import open_credit_wallet
from studio.models import RenderJob
from studio.tests.queue_rows import make_row
from support import services as support
from tenants.scope import all_tenants
from tests.e2e.axe import serious_faults
from tests.e2e.pages import Console
from tests.e2e.test_staff_renders import enter, offered
from tests.fixtures import UserFactory

SCRIPT = "<img src=x onerror='window.broken=1'>"


@pytest.fixture
def customer(page: Page, make_user: UserFactory) -> User:
    """With something of everything, and a name that is a trap."""
    customer = make_user(name=SCRIPT, email="zora@example.com")
    with all_tenants():
        open_credit_wallet(user=customer)
        make_row(customer, status="queued")
        make_row(customer, status="failed", error_code="out_of_memory")
    support.file_request(user=customer, text="It does not play", subject=8, about={})
    return customer


@pytest.fixture
def theirs(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """The customer's own browser."""
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    yield page
    page.goto("about:blank")
    context.close()


def at(user: User, verb: str = "") -> str:
    return f"/admin/accounts/user/{user.pk}/change/" + (f"act/{verb}/" if verb else "")


def act(page: Page, user: User, title: str) -> None:
    page.goto(at(user))
    page.get_by_role("link", name=title, exact=True).click()
    page.get_by_label("Reason").fill("They asked on the phone.")
    page.get_by_role("button", name=title, exact=True).click()


def test_a_customer_is_found_and_seen_whole(page: Page, customer: User, make_user: UserFactory) -> None:
    enter(page, make_user, "support")
    for words in ("zora@example.com", "zora", str(customer.pk)):
        page.goto("/admin/accounts/user/")
        page.get_by_role("searchbox").or_(page.locator("#searchbar")).first.fill(words)
        page.keyboard.press("Enter")
        expect(page.locator("#result_list")).to_contain_text("zora@example.com")
    page.locator("#result_list").get_by_role("link").filter(has_text="zora").first.click()
    content = page.locator("#content")
    for what in ("wallet", "video", "render", "request", "session", "audit"):
        expect(content).to_contain_text(what, ignore_case=True)
    assert page.evaluate("window.broken") is None


def test_who_is_blocked_is_out_and_comes_back(page: Page, customer: User, make_user: UserFactory, theirs: Page) -> None:
    Console(theirs).open()
    Console(theirs).connect(open_session(user=customer, device=Device()).access)
    expect(theirs.locator("#account")).to_have_text(customer.name)
    enter(page, make_user, "support")
    act(page, customer, "Block")
    expect(page.get_by_text("blocked").first).to_be_visible()
    expect(theirs.locator("#sign-in")).to_be_visible()
    assert not LoginSession.objects.alive().filter(user=customer).exists()
    with all_tenants():
        assert not RenderJob.objects.filter(owner=customer, status="queued").exists()
    assert "Block" not in offered(page)
    act(page, customer, "Unblock")
    assert User.objects.get(pk=customer.pk).is_active


def test_staff_act_as_a_customer_under_a_banner(
    page: Page, customer: User, make_user: UserFactory, theirs: Page
) -> None:
    enter(page, make_user, "support")
    act(page, customer, "Act as")
    token = page.locator("#acting-token").input_value()
    page.goto("/admin/")
    banner = page.locator(".studio-acting")
    expect(banner).to_contain_text("zora@example.com")
    Console(theirs).open()
    Console(theirs).connect(token)
    acting = theirs.get_by_role("region", name="Acting as a customer")
    expect(acting).to_contain_text("You act as zora@example.com until")
    banner.get_by_role("button").click()
    expect(banner).to_have_count(0)
    expect(theirs.locator("#sign-in")).to_be_visible()
    theirs.keyboard.press("Escape")
    expect(acting).to_be_hidden()
    assert not LoginSession.objects.alive().filter(user=customer, acted_by__isnull=False).exists()


def test_acting_is_ended_in_the_console(page: Page, customer: User, make_user: UserFactory, theirs: Page) -> None:
    enter(page, make_user, "support")
    act(page, customer, "Act as")
    Console(theirs).open()
    Console(theirs).connect(page.locator("#acting-token").input_value())
    with theirs.expect_response("**/api/logout"):
        theirs.get_by_role("button", name="Stop acting").click()
    expect(theirs.get_by_label("Access token (JWT)")).to_be_visible()
    assert not LoginSession.objects.alive().filter(user=customer, acted_by__isnull=False).exists()


@pytest.mark.parametrize("group", ["finance", "moderation", "operations"])
def test_others_only_look(page: Page, customer: User, make_user: UserFactory, group: str) -> None:
    enter(page, make_user, group)
    answer = page.goto(at(customer))
    assert answer is not None
    assert answer.status == 200
    assert offered(page) == []
    for verb in ("block", "act-as", "delete-data", "reset-password"):
        answer = page.goto(at(customer, verb))
        assert answer is not None
        assert answer.status == 403, verb


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_page_fits_and_is_accessible(
    page: Page, customer: User, make_user: UserFactory, scheme: Literal["dark", "light"], tmp_path: Path
) -> None:
    """``SCREENSHOTS`` names a folder to keep the pictures in."""
    page.emulate_media(color_scheme=scheme)
    enter(page, make_user, "support")
    page.goto(at(customer))
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    for width, height, name in ((1440, 900, "desk"), (390, 844, "phone")):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_faults(page) == []
        page.screenshot(path=folder / f"staff-user-{name}-{scheme}.png", full_page=True)
