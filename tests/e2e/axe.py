"""What axe-core has to say of a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def serious_faults(page: Page) -> list[tuple[str, list[str]]]:
    """What it finds serious or critical, with some of the elements."""
    found = Axe().run(page).response["violations"]
    return [
        (fault["id"], [str(node["target"]) for node in fault["nodes"]][:4])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
