"""The live console as whoever steers sees it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect


class LiveConsole:
    def __init__(self, page: Page) -> None:
        self.page = page

    def enter(self) -> None:
        self.page.get_by_role("button", name="Live", exact=True).click()
        expect(self.page.locator("#live-status")).to_be_visible()

    @property
    def holder(self) -> Locator:
        """Who steers."""
        return self.page.locator("#holder-text")

    @property
    def status(self) -> Locator:
        return self.page.locator("#live-status")

    @property
    def log(self) -> Locator:
        return self.page.locator("#log > li")

    def row(self, name: str) -> Locator:
        """A parameter's row."""
        return self.page.locator(f"[data-name={name}]")

    def applied_at(self, about: str) -> int:
        """The frame at which the newest command of these words took effect, once it has."""
        state = self.log.filter(has_text=about).first.locator(".log-state")
        expect(state).to_have_text(re.compile(r"frame \d+"))
        return int(state.inner_text().split()[-1])

    def until_frame(self, number: int) -> None:
        """The page shows this frame, or a later one."""
        shown = [str(frame) for frame in range(number, number + 400)]
        expect(self.page.locator("#live-image")).to_have_attribute("data-frame", re.compile(f"^({'|'.join(shown)})$"))

    def press(self, name: str) -> None:
        """One of the buttons below: Pause, Resume, Stop here, Cancel."""
        self.page.get_by_role("group", name="Transport").get_by_role("button", name=name, exact=True).click()
