"""A render steered from the console: real servers, a real worker, a real browser."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from accounts.models import LoginSession, User
from accounts.services import Device, open_session
from studio.models import FrameRecord, ModelFile, RenderJob, SteeringCommand
from studio.services.jobs.lifecycle import cancel_render
from tenants.scope import all_tenants
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import MOMENT_SECONDS
from tests.e2e.live import LiveConsole
from tests.e2e.pages import Console
from tests.e2e.test_sign_in import sign_in_again
from tests.event_server import EventServer
from tests.fixtures import UserFactory
from tests.patience import clock_seconds
from tests.waiting import until
from tests.worker import WorkerProcess

pytestmark = pytest.mark.timeout(900)

FAR = {"prompt": "a lighthouse in the fog", "length": 20, "fps": 60, "steps": 2, "frameCount": 2, "zoom": "0: (1)"}
"""Longer than any test steers it."""


@pytest.fixture
def server(transactional_db: None) -> Iterator[EventServer]:
    with EventServer() as server:
        yield server


@pytest.fixture
def open_page(browser: Browser, server: EventServer) -> Iterator[Callable[[], Page]]:
    """Pages of the studio as ``serve`` runs it, each in a profile of its own; no script of ours may throw in one."""
    troubles: list[str] = []
    # The browser knows no limits but those of the clock.
    moment = 1000 * clock_seconds(MOMENT_SECONDS)
    expect.set_options(timeout=moment)
    with ExitStack() as leaving:

        def open_page() -> Page:
            context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
            leaving.callback(context.close)
            context.set_default_timeout(moment)
            page = context.new_page()
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("console", lambda said: troubles.append(said.text) if _is_trouble(said.type, said.text) else None)
            return page

        yield open_page
    assert troubles == []


def _is_trouble(kind: str, text: str) -> bool:
    return kind == "error" and not text.startswith("Failed to load resource")


@pytest.fixture
def page(open_page: Callable[[], Page]) -> Page:
    return open_page()


@pytest.fixture
def live(console: Console, page: Page, tiny_model: ModelFile, render_worker: WorkerProcess) -> Iterator[LiveConsole]:
    """The live view of a final that is under way; it is stopped in the end."""
    console.fill(**FAR)
    console.press("Preview")
    console.expect_status("preview ready")
    console.press("Finalize")
    console.expect_status("rendering")
    live = LiveConsole(page)
    live.enter()
    expect(live.holder).to_have_text("You steer.")
    yield live
    with all_tenants():
        for left in RenderJob.objects.filter(status__in=RenderJob.ACTIVE):
            cancel_render(left)


def job() -> RenderJob:
    with all_tenants():
        return RenderJob.objects.filter(purpose="final").latest("pk")


def record(frame: int) -> dict[str, object]:
    """What a frame was made with, once that is known."""
    with all_tenants():
        found = until(lambda: FrameRecord.objects.filter(job=job(), frame=frame).first(), f"record of frame {frame}")
    return dict(found.record)


def test_zoom_and_prompt_take_effect_at_the_acknowledged_frame(live: LiveConsole, page: Page) -> None:
    live.until_frame(1)
    page.locator("#pad-zoom-step").fill("0.02")
    page.get_by_role("button", name="Zoom in", exact=True).click()
    at = live.applied_at("Zoom +0.02")
    assert record(at)["zoom"] == pytest.approx(1.02)
    expect(live.row("zoom").locator(".at")).to_have_text(f"applied at frame {at}")
    expect(page.locator("#value-zoom-now")).to_have_text("1.02")

    page.get_by_label("Prompt A").fill("a burning city")
    expect(page.locator("#prompt-changed")).to_be_visible()
    page.get_by_label("Prompt A").press("Control+Enter")
    at = live.applied_at("a burning city")
    assert "a burning city" in str(record(at)["prompts"])
    expect(page.locator("#prompt-changed")).to_be_hidden()
    expect(page.locator("#prompt-mode")).to_have_value("replace")

    page.get_by_role("button", name="Zoom in", exact=True).click(button="right")
    live.applied_at("Zoom +0")
    live.press("Stop here")
    expect(live.status).to_have_text("finished")
    expect(live.holder).to_have_text("This render has ended.")
    page.get_by_role("button", name="Compose", exact=True).click()
    Console(page).expect_status("finished")
    expect(page.locator("#screen-video")).to_be_visible()


def test_pause_rewind_and_resume(live: LiveConsole, page: Page) -> None:
    live.until_frame(4)
    live.press("Pause")
    expect(live.status).to_have_text("paused")
    live.applied_at("pause")
    done = job().frames_done
    page.get_by_label("Back to frame").fill("2")
    page.get_by_role("button", name="Rewind", exact=True).click()
    live.applied_at("rewind to frame 2")
    live.press("Resume")
    expect(live.status).to_have_text("rendering")
    live.until_frame(done)


def test_a_reload_restores_everything(live: LiveConsole, page: Page, user: User) -> None:
    page.get_by_role("button", name="Pan right", exact=True).click()
    at = live.applied_at("Pan left and right +1")
    live.press("Pause")
    expect(live.status).to_have_text("paused")
    page.reload()
    expect(page.locator("#account")).to_have_text(user.name)
    expect(live.status).to_have_text("paused")
    expect(live.holder).to_have_text("You steer.")
    assert live.applied_at("Pan left and right +1") == at
    expect(page.locator("#pad-pan output").first).to_have_text("1")
    live.press("Resume")
    expect(live.status).to_have_text("rendering")


def test_one_page_steers_and_others_look_on(
    live: LiveConsole, page: Page, open_page: Callable[[], Page], user: User
) -> None:
    second = open_page()
    other = Console(second)
    second.goto(page.url)
    other.connect(open_session(user=user, device=Device()).access)
    looking = LiveConsole(second)
    expect(looking.holder).to_contain_text("You are looking on")
    expect(second.get_by_role("button", name="Zoom in", exact=True)).to_be_disabled()
    expect(second.get_by_role("button", name="Pause", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Zoom in", exact=True).click()
    live.applied_at("Zoom")
    looking.applied_at("Zoom")

    page.locator("summary", has_text="Hand over").click()
    page.get_by_role("button", name="Hand over").click()
    expect(live.holder).to_contain_text("You handed control over.")
    second.get_by_role("button", name="Take control").click()
    expect(looking.holder).to_have_text("You steer.")
    expect(page.get_by_role("button", name="Zoom in", exact=True)).to_be_disabled()

    page.get_by_role("button", name="Take control").click()
    expect(live.holder).to_contain_text("steers on another page")
    page.get_by_role("button", name="Take it from them").click()
    expect(live.holder).to_have_text("You steer.")
    expect(looking.holder).to_contain_text("You are looking on")


def test_a_refusal_is_told_beside_its_control(live: LiveConsole, page: Page) -> None:
    live.row("strength_schedule").get_by_role("spinbutton").fill("7")
    live.row("strength_schedule").get_by_role("spinbutton").press("Enter")
    expect(page.locator("#value-strength_schedule-error")).not_to_be_empty()
    expect(page.locator("#value-strength_schedule")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#value-strength_schedule")).to_have_value("7")
    live.row("strength_schedule").get_by_role("spinbutton").fill("0.5")
    live.row("strength_schedule").get_by_role("spinbutton").press("Enter")
    expect(page.locator("#value-strength_schedule-error")).to_be_empty()
    live.applied_at("Strength 0.5")


def test_a_token_that_ends_while_watching(live: LiveConsole, page: Page, user: User) -> None:
    page.get_by_label("Prompt A").fill("typed before the session ended")
    LoginSession.objects.filter(user=user).revoke()
    expect(page.locator("#sign-in-reason")).to_contain_text("Sign in to go on")
    sign_in_again(page, user)
    expect(page.get_by_label("Prompt A")).to_have_value("typed before the session ended")
    page.get_by_label("Prompt A").press("Control+Enter")
    live.applied_at("typed before the session ended")


def test_a_connection_lost_in_the_middle_of_a_smooth_motion(live: LiveConsole, page: Page) -> None:
    """The studio takes the command, and its answer is lost: it is asked again under the same number."""
    page.get_by_label("Smooth over").fill("40")
    lost: list[str] = []

    def lose(route: Route) -> None:
        if not lost:
            lost.append("once")
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/commands", lose)
    page.get_by_role("button", name="Pan right", exact=True).click()
    at = live.applied_at("Pan left and right +1 over 40 frames")
    with all_tenants():
        assert SteeringCommand.objects.filter(job=job()).count() == 1

    context: BrowserContext = page.context
    context.set_offline(True)
    expect(page.locator("#live-note")).to_contain_text("connection was lost")
    context.set_offline(False)
    expect(page.locator("#live-note")).not_to_contain_text("connection was lost")
    live.until_frame(at + 40)
    expect(page.locator("#under-way > li")).to_have_count(0)
    assert record(at + 39)["translation_x"] == pytest.approx(1)
    assert 0 < float(str(record(at + 19)["translation_x"])) < 1


def test_somebody_elses_render_is_not_there(
    live: LiveConsole, page: Page, open_page: Callable[[], Page], make_user: UserFactory
) -> None:
    stranger = open_page()
    stranger.goto(page.url)
    Console(stranger).connect(open_session(user=make_user(name="Stranger"), device=Device()).access)
    expect(stranger.locator("#composer-error")).to_have_text("There is no such render to follow.")
    expect(stranger).to_have_url(re.compile(r"/deforumation-qt$"))


def unfold_all(page: Page) -> None:
    folded = page.locator(".instrument-head button[aria-expanded=false]:visible")
    while folded.count():
        folded.first.click()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_it_is_accessible_and_fits_desk_and_phone(
    live: LiveConsole, page: Page, scheme: Literal["dark", "light"], tmp_path: Path
) -> None:
    """``SCREENSHOTS`` names a folder to keep the pictures in."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    live.until_frame(1)
    page.get_by_role("button", name="Zoom in", exact=True).click()
    live.applied_at("Zoom")
    unfold_all(page)
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    for width, height, name in ((1440, 900, "desk"), (390, 844, "phone")):
        page.set_viewport_size({"width": width, "height": height})
        page.mouse.wheel(0, -10_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=folder / f"console-live-{name}-{scheme}.png")
        assert serious_faults(page) == []
    page.get_by_role("button", name="Compose", exact=True).click()
    unfold_all(page)
    assert serious_faults(page) == []
