"""The console on the event server: it is told of renders instead of asking for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from studio.models import ModelFile
from studio.providers.lease import LeasedPort
from studio.rendering.ports import Progress
from studio.services.jobs.lifecycle import fail_render
from studio.services.jobs.queue import claim_next
from tenants.scope import all_tenants
from tests.e2e.pages import Console
from tests.event_server import EventServer
from tests.waiting import until

STEPS = 5
SIGHT = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""What a browser does when its user turns to another tab, or comes back."""


@pytest.fixture
def page(browser: Browser, transactional_db: None) -> Iterator[Page]:
    """A page of the event server, which has the whole site too: one origin without a proxy."""
    with EventServer() as server:
        context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
        page = context.new_page()
        yield page
        page.goto("about:blank")
        context.close()


def test_a_render_is_followed_without_asking(tiny_model: ModelFile, page: Page, console: Console) -> None:
    console.fill(prompt="a meadow", length=1)
    console.press("Preview")
    console.expect_status("queued")
    with all_tenants():
        job = claim_next(worker="somebody", queues=settings.RENDER_QUEUES)
        assert job is not None
        assert job.lease_id is not None
        port = LeasedPort(job, job.lease_id, threading.Event())
        # Long before its next look: asking twice a minute is for certainty.
        console.expect_status("rendering")
        expect(page.locator("#screen-placeholder")).to_be_visible()

        looks: list[str] = []
        page.on("request", lambda request: looks.append(request.url) if "/processing/queue" in request.url else None)
        picture = cv2.imencode(".jpg", np.full((48, 64, 3), 127, np.uint8))[1].tobytes()
        for done in range(1, STEPS + 1):
            port.progress(Progress("rendering", done, job.frames_total, picture))
            expect(page.locator("#progress-text")).to_contain_text(f"{done} of {job.frames_total}")
            expect(console.queue_rows).to_contain_text(f"{done} of {job.frames_total}")
        console.expect_picture()
        # One or two may still be due to the start; whoever asks for progress needs one for each step.
        assert len(looks) <= 2

        fail_render(job, lease_id=job.lease_id, code="out_of_memory", message="The picture is too large for the GPU.")
    expect(page.locator("#stage-error")).to_have_text("The picture is too large for the GPU.")
    expect(console.queue_rows).to_have_count(0)


@pytest.fixture
def streams(page: Page) -> list[str]:
    """The addresses of the streams that were opened, from the start."""
    opened: list[str] = []
    page.on("response", lambda response: opened.append(response.url) if response.url.endswith("/events") else None)
    return opened


def test_a_page_out_of_sight_gives_its_connection_up(page: Page, streams: list[str], console: Console) -> None:
    """A browser has six for all pages of a studio without TLS: forgotten tabs would leave none."""
    until(lambda: page.evaluate("0") == 0 and streams, "the page's stream")
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/api/events")):
        page.evaluate(SIGHT, True)
    assert len(streams) == 1
    with page.expect_response("**/api/events"):
        page.evaluate(SIGHT, False)
