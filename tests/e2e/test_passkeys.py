"""Passkeys in a real browser, with an authenticator that Chromium plays."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from accounts.models import AuditEntry, User
from tests.fixtures import PASSWORD, UserFactory

PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def staff(make_user: UserFactory, page: Page) -> User:
    """An administrator, logged in."""
    staff = make_user(name="operator", role=User.Role.ADMINISTRATOR)
    page.goto("/admin/")
    log_in_by_password(page, staff)
    expect(page.locator("#site-name")).to_have_text("Mage AI Studio")
    return staff


@pytest.fixture
def devices(page: Page) -> CDPSession:
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    return devices


def plug_in(devices: CDPSession, **options: Any) -> str:
    """A device with an authenticator; answers its id."""
    answer = devices.send("WebAuthn.addVirtualAuthenticator", {"options": {**PHONE, **options}})
    return str(answer["authenticatorId"])


def log_in_by_password(page: Page, user: User) -> None:
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def add_passkey(page: Page, name: str) -> None:
    page.goto("/admin/")
    page.get_by_role("link", name="Account security").click()
    form = page.locator("form[data-passkey]")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Your password").fill(PASSWORD)
    form.get_by_role("button", name="Add a passkey").click()


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Log out").click()
    page.goto("/admin/")


def test_a_passkey_is_added_and_logs_in(staff: User, page: Page, devices: CDPSession) -> None:
    plug_in(devices)
    add_passkey(page, "My phone")
    expect(page.locator(".codes li")).to_have_count(10)
    expect(page.locator(".passkeys li")).to_contain_text(["My phone"])
    log_out(page)

    expect(page.locator("[data-problem]")).to_be_hidden()
    log_in_by_password(page, staff)
    expect(page.locator(".errornote").first).to_contain_text("This account has a second factor")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("link", name="Account security")).to_be_visible()
    expect(page).to_have_url("/admin/")
    assert AuditEntry.objects.filter(event="login", actor=staff, detail__passkey=True).count() == 1


def test_a_passkey_is_renamed_and_removed(staff: User, page: Page, devices: CDPSession) -> None:
    phone = plug_in(devices)
    add_passkey(page, "My phone")
    page.get_by_text("Rename or remove").click()
    page.get_by_label("New name").fill("Old phone")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator(".passkeys strong")).to_have_text("Old phone")
    page.get_by_text("Rename or remove").click()
    page.locator(".passkeys").get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Remove").click()
    expect(page.locator(".messagelist")).to_have_text("The passkey was removed.")
    log_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator(".errornote").first).to_have_text("This passkey was not accepted.")
    [kept] = devices.send("WebAuthn.getCredentials", {"authenticatorId": phone})["credentials"]
    assert kept["rpId"] == "localhost"


def test_a_device_adds_one_passkey_and_a_stranger_gets_none(staff: User, page: Page, devices: CDPSession) -> None:
    phone = plug_in(devices)
    add_passkey(page, "My phone")
    expect(page.locator(".passkeys li")).to_have_count(1)
    add_passkey(page, "The same phone")
    expect(page.locator("form[data-passkey] .errornote")).to_have_text("This device has a passkey of yours already.")
    devices.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": phone})
    plug_in(devices, isUserVerified=False)
    log_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("form[data-passkey] .errornote")).to_contain_text("The browser gave no passkey")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_a_wrong_password_is_told_before_the_browser_asks(staff: User, page: Page, devices: CDPSession) -> None:
    plug_in(devices)
    page.goto("/admin/security/")
    form = page.locator("form[data-passkey]")
    form.get_by_label("Name").fill("My phone")
    form.get_by_label("Your password").fill("wrong password")
    form.get_by_role("button", name="Add a passkey").click()
    expect(form.locator(".errornote")).to_have_text("The current password is wrong.")
    expect(page.locator(".passkeys li")).to_have_count(0)
