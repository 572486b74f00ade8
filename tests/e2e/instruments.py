"""The console's instruments in the real console's page, each by itself."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page

FOLDER = "/static/console/instruments"
_MOUNT = """async ([module, token]) => {
    const [{ mount }, { Api }] = await Promise.all([import(module), import("/static/console/api.js")]);
    document.getElementById("instrument-under-test")?.remove();
    const host = document.createElement("section");
    Object.assign(host, { id: "instrument-under-test", className: "panel instruments instrument-body" });
    document.querySelector("main").before(host);
    globalThis.unmount = mount(host, { api: new Api({ access: token, renew: async () => null }) });
}"""


def mount(page: Page, name: str, token: str) -> Locator:
    """The instrument's panel, above what the page has, as for composing: no render is steered."""
    page.evaluate(_MOUNT, [f"{FOLDER}/{name}.js", token])
    return page.locator("#instrument-under-test")


def call(page: Page, module: str, expression: str, argument: Any = None) -> Any:
    """The value of a JavaScript ``expression`` of ``m``, the module, and ``x``, the argument."""
    return page.evaluate(
        f"async (x) => {{ const m = await import('{FOLDER}/{module}.js'); return {expression}; }}", argument
    )
