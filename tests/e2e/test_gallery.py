"""The public gallery in a real browser: browse, search, watch, like, report."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from accounts.models import User
from effects.models import Effect
from gallery import services
from gallery.models import GalleryItem, GalleryReport
from gallery.tests.conftest import Publish, artist, cartoon, make_video, publish
from tests.fixtures import PASSWORD

__all__ = ["artist", "cartoon", "make_video", "publish"]


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


def titles(page: Page) -> list[str]:
    return page.locator("#items .card strong").all_text_contents()


def test_browse_search_and_filter(page: Page, publish: Publish, cartoon: Effect) -> None:
    for number in range(30):
        publish(title=f"Video {number}")
    publish(title="A wolf at night", effect=cartoon)
    page.goto("/gallery")
    expect(page.locator("#summary")).to_have_text("31 videos")
    page.locator("#items .card").last.scroll_into_view_if_needed()
    expect(page.locator("#items .card")).to_have_count(31)
    assert len(set(titles(page))) == 31
    page.get_by_role("searchbox").fill("wol")
    expect(page.locator("#summary")).to_have_text("1 video")
    assert titles(page) == ["A wolf at night"]
    page.get_by_role("searchbox").fill("nothing like it")
    expect(page.get_by_role("alert").first).to_have_text("Nothing matches. Try other words, or all effects.")
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Effect", exact=True).select_option("Cartoon Style")
    expect(page.locator("#summary")).to_have_text("1 video")
    assert "effect=cartoon-style" in page.url
    page.reload()
    expect(page.locator("#summary")).to_have_text("1 video")


def test_a_card_moves_while_it_is_pointed_at(page: Page, publish: Publish) -> None:
    publish()
    page.goto("/gallery")
    card = page.locator("#items .card a")
    picture = card.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") == 96
    expect(card.locator("video")).to_have_count(0)
    card.hover()
    expect(card.locator("video")).to_have_count(1)
    page.get_by_role("searchbox").hover()
    expect(card.locator("video")).to_have_count(0)


def test_watch_like_and_report(page: Page, publish: Publish, user: User, cartoon: Effect) -> None:
    item = publish(title="Watch me", effect=cartoon)
    page.goto("/gallery")
    page.get_by_role("link", name=re.compile("Watch me")).click()
    dialog = page.locator("#detail")
    expect(dialog.get_by_role("heading", name="Watch me")).to_be_visible()
    expect(dialog.locator("#detail-by")).to_contain_text("by johndoe · Cartoon Style")
    assert f"video={item.pk}" in page.url
    seconds = dialog.locator("video").evaluate(
        "(video) => new Promise((done) => video.readyState ? done(video.duration)"
        " : video.addEventListener('loadedmetadata', () => done(video.duration)))"
    )
    assert seconds == pytest.approx(1, abs=0.2)

    dialog.locator("#like").click()
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill("not it")
    page.locator("#sign-in-form").get_by_role("button", name="Sign in").click()
    expect(page.locator("#sign-in-error")).not_to_be_empty()
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("#sign-in-form").get_by_role("button", name="Sign in").click()
    expect(dialog.locator("#like")).to_have_text("♥ Liked · 1")
    dialog.locator("#like").click()
    expect(dialog.locator("#like")).to_have_text("♡ Like · 0")

    dialog.get_by_role("button", name="Use these settings").click()
    expect(dialog.locator("#settings")).to_contain_text("cartoon-style")
    dialog.get_by_role("button", name="Report", exact=True).click()
    dialog.get_by_label("What is wrong with it?").select_option("copyright")
    dialog.get_by_label("Details").fill("It is mine.")
    dialog.get_by_role("button", name="Send report").click()
    expect(dialog.locator("#detail-note")).to_have_text("Thank you. Moderators will look at it.")
    assert GalleryReport.objects.values_list("reason", "details", "user").get() == ("copyright", "It is mine.", user.pk)

    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(page).not_to_have_url(re.compile("video="))


def test_a_link_opens_its_video_and_a_hidden_one_says_so(page: Page, publish: Publish, user: User) -> None:
    item = publish(title="Direct")
    page.goto(f"/gallery?video={item.pk}")
    expect(page.locator("#detail-title")).to_have_text("Direct")
    services.moderate(item, to="hidden", moderator=user, note="Spam.")
    page.goto(f"/gallery?video={item.pk}")
    expect(page.locator("#detail")).not_to_be_visible()
    expect(page.locator("#summary")).to_have_text("0 videos")


def test_titles_and_names_are_text(page: Page, publish: Publish, cartoon: Effect) -> None:
    """The page fixture fails if anything of it were run."""
    attack = "<img src=x onerror=\"throw Error('run')\"><script>throw Error('run')</script>"
    publish(title=attack, effect=cartoon)
    GalleryItem.objects.update(effect_name=attack, owner_name=attack, tags=[attack[:60]])
    Effect.objects.update(name=attack)
    page.goto("/gallery")
    page.locator("#items .card a").click()
    expect(page.locator("#detail-title")).to_have_text(attack)
    assert titles(page) == [attack]
    assert page.locator("#items img[src='x'], #detail img, #effect img").count() == 0
