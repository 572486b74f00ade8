"""The API's own page, under the policy that forbids inline code."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_the_docs_show_an_operation(page: Page) -> None:
    answer = page.goto("/api/docs")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy
    expect(page.locator("a[href$='/post_auth_forgot_password']")).to_be_visible()
