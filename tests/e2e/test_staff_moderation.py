"""Moderators at work in a browser: the queue by keyboard, the block-list; and who may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from accounts.models import User
from gallery import services
from gallery.models import GalleryItem
from gallery.tests.conftest import Publish, artist, make_video, publish
from studio.models import BlockedPhrase
from tests.fixtures import PASSWORD, UserFactory

__all__ = ["artist", "make_video", "publish"]

SCRIPT = "<img src=x onerror='window.broken=1'>"
QUEUE = "/admin/moderation/queue/"
LogIn = Callable[[str, str], User]


@pytest.fixture
def log_in(make_user: UserFactory, page: Page) -> LogIn:
    def log_in(group: str, address: str) -> User:
        user = make_user(name=f"one of {group}")
        user.groups.add(Group.objects.get(name=group))
        page.goto(address)
        page.get_by_label("Email").fill(user.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        return user

    return log_in


@pytest.fixture
def reported(page: Page, publish: Publish, user: User) -> list[GalleryItem]:
    items = [publish(title=title, parameters={"prompt": SCRIPT}) for title in ("First", "Second")]
    for item in items:
        services.report(item=item, user=user, reason="hate", details=SCRIPT)
    return items


def test_reports_are_decided_by_keyboard(page: Page, reported: list[GalleryItem], log_in: LogIn) -> None:
    ada = log_in("moderation", QUEUE)
    first, second = reported
    expect(page.locator(".moderation-queue li")).to_have_count(2)
    expect(page.locator("#item-title")).to_contain_text("First")
    expect(page.locator(".moderation-facts")).to_contain_text(SCRIPT)
    assert page.evaluate("window.broken") is None
    assert page.locator(".moderation video").evaluate(
        "async (video) => { while (video.readyState < 1) await new Promise((r) => video.addEventListener("
        "'loadedmetadata', r, { once: true })); return video.videoWidth; }"
    )

    page.keyboard.press("?")
    expect(page.locator(".moderation-keys")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator(".moderation-keys")).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator("#item-title")).to_contain_text("Second")
    page.keyboard.press("k")
    expect(page.locator("#item-title")).to_contain_text("First")

    page.keyboard.press("h")
    expect(page.get_by_role("radio", name="Hide")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".errorlist")).to_contain_text("This field is required")
    page.keyboard.press("r")
    # A key is a letter while somebody writes.
    page.keyboard.type("hate, jokes and xenophobia")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#item-title")).to_contain_text("Second")
    first.refresh_from_db()
    assert (first.moderation, first.moderation_note, first.moderated_by) == (
        "hidden", "hate, jokes and xenophobia", ada,
    )  # fmt: skip

    page.keyboard.press("d")
    page.keyboard.type("It is none.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".moderation-done")).to_contain_text("Nothing waits")
    second.refresh_from_db()
    assert second.moderation == "visible"


def test_whoever_comes_second_keeps_what_was_typed(
    page: Page, reported: list[GalleryItem], log_in: LogIn, make_user: UserFactory
) -> None:
    log_in("moderation", QUEUE)
    page.get_by_role("radio", name="Remove").check()
    page.get_by_label("Reason").fill("Typed at length.")
    services.moderate(reported[0], to="hidden", moderator=make_user(name="grace"), note="Hate.")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator(".moderation-form [role=alert]")).to_contain_text("grace has decided meanwhile")
    expect(page.get_by_label("Reason")).to_have_value("Typed at length.")
    expect(page.get_by_role("radio", name="Remove")).to_be_checked()
    page.get_by_role("button", name="Decide").click()
    expect(page.locator("#item-title")).to_contain_text("Second")
    reported[0].refresh_from_db()
    assert reported[0].moderation == "removed"


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits(page: Page, reported: list[GalleryItem], log_in: LogIn, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    log_in("moderation", QUEUE)
    expect(page.locator("#item-title")).to_contain_text("First")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_act_and_an_action_with_their_reasons(page: Page, reported: list[GalleryItem], log_in: LogIn) -> None:
    log_in("moderation", f"/admin/gallery/galleryitem/{reported[0].pk}/change/")
    page.get_by_role("link", name="Remove").click()
    page.get_by_label("Reason").fill("Spam.")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status")).to_contain_text("First is removed now.")
    page.goto("/admin/gallery/galleryitem/")
    page.locator("#action-toggle").check()
    page.get_by_label("Select action to run").select_option(index=1)
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Reason").fill("All of it.")
    page.get_by_role("button", name="Hide").click()
    expect(page.locator("#result_list")).to_be_visible()
    reported[1].refresh_from_db()
    assert (reported[1].moderation, reported[1].moderation_note) == ("hidden", "All of it.")


def test_the_block_list(page: Page, log_in: LogIn) -> None:
    log_in("moderation", "/admin/studio/blockedphrase/add/")
    page.get_by_label("Phrase").fill("gory scene")
    page.get_by_label("Reason").fill("Our terms.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.locator("#result_list").get_by_role("link", name="gory scene").click()
    expect(page.locator(".moderation-history")).to_contain_text("Our terms.")
    page.get_by_label("Enabled").uncheck()
    page.get_by_label("Reason").fill("Too many jokes.")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".moderation-history li")).to_have_count(2)
    assert not BlockedPhrase.objects.get().enabled


@pytest.mark.parametrize("group", ["support", "finance", "operations"])
def test_others_see_none_of_it(page: Page, reported: list[GalleryItem], log_in: LogIn, group: str) -> None:
    log_in(group, "/admin/")
    expect(page.locator("#site-name")).to_be_visible()
    expect(page.get_by_role("link", name="Reports to decide")).to_have_count(0)
    expect(page.get_by_role("link", name="Blocked phrases")).to_have_count(0)
    for address in (QUEUE, "/admin/studio/blockedphrase/"):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 403
