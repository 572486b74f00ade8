"""A real browser on the real site.

pytest loads this file before Django is set up, so models are imported where they are used.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tenants.scope import all_tenants
from tests.e2e.pages import Console
from tests.patience import clock_seconds

if TYPE_CHECKING:
    from accounts.models import User
    from studio.models import Preset

MOMENT_SECONDS = 120.0
"""Everything but a render answers in a moment, which is long on a machine that is busy with other tests."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium: the one of CHROMIUM or PATH, else Playwright's own.

    For this package alone: while it lives, an event loop runs in the main thread. Django would take that for
    asynchronous code and refuse the tests their queries, hence the variable.
    """
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    executable = next((found for name in names if name and (found := shutil.which(name))), None)
    # Chromium's sandbox does not run as root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*arguments, "--disable-dev-shm-usage"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, transactional_db: None) -> Iterator[Page]:
    """A page of a fresh profile. Fails when a script of ours throws, or the browser refuses something of ours."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    # The browser knows no limits but those of the clock.
    moment = 1000 * clock_seconds(MOMENT_SECONDS)
    expect.set_options(timeout=moment)
    context.set_default_timeout(moment)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if _is_trouble(message) else None)
    yield page
    # Leaving the site lets requests under way end before the tables are emptied.
    page.goto("about:blank")
    context.close()
    assert troubles == []


def _is_trouble(message: ConsoleMessage) -> bool:
    # Chromium logs every answer above 399; which are right is for the tests to say.
    return message.type == "error" and not message.text.startswith("Failed to load resource")


@pytest.fixture
def console(page: Page, user: User) -> Console:
    """The console, connected as ``user``."""
    from accounts.services import Device, open_session

    console = Console(page)
    console.open()
    console.connect(open_session(user=user, device=Device()).access)
    expect(page.locator("#account")).to_have_text(user.name)
    return console


@pytest.fixture
def pan_preset(transactional_db: None) -> Preset:
    """A built-in preset that moves to the right, faster and faster."""
    from studio.models import Preset

    with all_tenants():
        return Preset.objects.create(
            tenant=None,
            name="Speeding pan",
            slug="speeding-pan",
            description="Moves to the right, faster and faster.",
            settings={
                "animation_mode": "2D",
                "zoom": "0: (1)",
                "translation_x": "0: (1), 8: (4)",
                "diffusion_cadence": 2,
                "border": "wrap",
            },
        )
