"""Signing in at the console, staying signed in, and what happens to the page when a session ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from playwright.sync_api import Page, Request, Route, expect

from accounts.models import LoginSession, User
from studio.models import ModelFile, RenderJob
from tenants.scope import all_tenants
from tests.e2e.axe import serious_faults
from tests.e2e.pages import Console
from tests.fixtures import PASSWORD, UserFactory


@pytest.fixture(autouse=True)
def _no_leak(page: Page) -> Iterator[None]:
    """No token is ever part of an address, or written to the console."""
    said: list[str] = []
    asked: list[Request] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request))
    yield
    assert not any("eyJ" in text for text in (*said, *(request.url for request in asked), page.url))
    assert page.evaluate("Object.keys(localStorage).filter((name) => localStorage[name].includes('eyJ'))") == []


def sign_in(page: Page, user: User, *, stay: bool = True) -> None:
    page.get_by_role("button", name="Sign in").click()
    dialog = page.locator("#sign-in")
    dialog.get_by_label("E-mail").fill(user.email)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Stay signed in").set_checked(stay)
    dialog.get_by_role("button", name="Sign in").click()
    expect(page.locator("#account")).to_have_text(user.name)


def sign_in_again(page: Page, user: User) -> None:
    """In the dialog over the page."""
    dialog = page.locator("#sign-in")
    dialog.get_by_label("E-mail").fill(user.email)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()


def test_a_token_may_stay_in_memory_alone(page: Page, user: User) -> None:
    console = Console(page)
    console.open()
    sign_in(page, user, stay=False)
    assert "".join(console.storage()) == ""
    page.reload()
    expect(page.get_by_label("Access token (JWT)")).to_be_visible()


def test_who_stays_signed_in_is_so_after_a_reload(page: Page, user: User) -> None:
    console = Console(page)
    console.open()
    sign_in(page, user)
    page.reload()
    expect(page.locator("#account")).to_have_text(user.name)
    page.get_by_role("button", name="Disconnect").click()
    assert "".join(console.storage()) == ""


def test_tokens_are_refreshed_before_they_end(page: Page, user: User) -> None:
    """The page is told that its token ends in two seconds, and has another before that."""

    def shorten(route: Route) -> None:
        answer = route.fetch()
        content = answer.json()
        content["data"]["expires_in"] = 2
        route.fulfill(response=answer, json=content)

    page.route("**/api/login", shorten)
    console = Console(page)
    console.open()
    with page.expect_response("**/api/auth/refresh") as refreshed:
        sign_in(page, user)
        first = page.evaluate("sessionStorage['deforumation-token']")
    assert refreshed.value.ok
    page.wait_for_function("first => sessionStorage['deforumation-token'] !== first", arg=first)
    expect(page.locator("#account")).to_have_text(user.name)
    with page.expect_response("**/api/queue?**") as asked:
        page.reload()
    assert asked.value.ok


def test_a_session_that_ends_takes_nothing_that_was_typed(
    tiny_model: ModelFile, console: Console, page: Page, user: User
) -> None:
    console.fill(prompt="a prompt that took an hour to write", length=1)
    LoginSession.objects.filter(user=user).revoke()
    expect(page.locator("#sign-in-reason")).to_contain_text("Sign in to go on")
    sign_in_again(page, user)
    expect(page.locator("#prompt")).to_have_value("a prompt that took an hour to write")
    console.press("Preview")
    console.expect_status("queued")


def test_what_was_asked_when_the_session_had_ended_is_asked_again(
    tiny_model: ModelFile, console: Console, page: Page, user: User
) -> None:
    console.fill(prompt="a meadow", length=1)
    # Nobody tells the page before its click.
    told = re.compile(r"/api/(video-jobs|queue|events)")
    page.route(told, lambda route: route.abort())
    LoginSession.objects.filter(user=user).revoke()
    console.press("Preview")
    page.unroute(told)
    sign_in_again(page, user)
    console.expect_status("queued")
    with all_tenants():
        assert RenderJob.objects.count() == 1


def test_somebody_else_who_signs_in_begins_anew(
    tiny_model: ModelFile, console: Console, page: Page, user: User, make_user: UserFactory
) -> None:
    other = make_user(name="other")
    LoginSession.objects.filter(user=user).revoke()
    expect(page.locator("#sign-in")).to_be_visible()
    sign_in_again(page, other)
    expect(page.locator("#account")).to_have_text(other.name)


def test_whoever_leaves_the_dialog_can_paste_a_token(console: Console, page: Page, user: User) -> None:
    console.fill(prompt="still here")
    LoginSession.objects.filter(user=user).revoke()
    expect(page.locator("#sign-in")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Access token (JWT)")).to_be_visible()
    expect(page.locator("#prompt")).to_have_value("still here")
    assert "".join(console.storage()) == ""


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_signing_in_is_accessible(page: Page, user: User, scheme: Literal["dark", "light"]) -> None:
    TOTP.activate(user, generate_totp_secret())
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    Console(page).open()
    page.get_by_role("button", name="Sign in").click()
    dialog = page.locator("#sign-in")
    assert serious_faults(page) == []
    dialog.get_by_label("E-mail").fill(user.email)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_label("Code")).to_be_visible()
    assert serious_faults(page) == []
