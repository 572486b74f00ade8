"""The pages as a user sees them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect


class Console:
    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self) -> None:
        self.page.goto("/deforumation-qt")

    def connect(self, token: str) -> None:
        self.page.get_by_label("Access token (JWT)").fill(token)
        self.page.get_by_role("button", name="Connect").click()

    def fill(self, **values: Any) -> None:
        """Write into controls by their id."""
        for name, value in values.items():
            self.page.locator(f"#{name}").fill(str(value))

    def press(self, name: str) -> None:
        self.page.locator(".actions").get_by_role("button", name=name, exact=True).click()

    def error_of(self, control: str) -> Locator:
        """The reason next to a control."""
        return self.page.locator(f"#{control}-error")

    @property
    def status(self) -> Locator:
        return self.page.locator("#stage-status")

    @property
    def queue_rows(self) -> Locator:
        return self.page.locator("#queue-rows > li")

    def expect_status(self, text: str) -> None:
        expect(self.status).to_have_text(text)

    def expect_picture(self) -> None:
        """The image on the stage has arrived and can be decoded."""
        image = self.page.locator("#screen-image")
        expect(image).to_be_visible()
        width = image.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }")
        assert width > 0

    def storage(self) -> list[str]:
        """Everything the page keeps in the browser."""
        return self.page.evaluate("[...Object.values(sessionStorage), ...Object.values(localStorage), document.cookie]")
