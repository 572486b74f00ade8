"""The console where nothing needs to be rendered: tokens, errors, the queue, how it looks."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Page, Request, expect

from accounts.models import LoginSession, User
from accounts.services import Device, open_session
from studio.models import ModelFile, Preset, RenderJob
from studio.services.jobs.queue import claim_next
from tenants.scope import all_tenants
from tests.e2e.pages import Console

SCRIPT = "<img src=x onerror='window.broken=1'><script>window.broken=1</script>"


def test_the_token_is_kept_for_the_tab_and_shown_masked(console: Console, page: Page, user: User) -> None:
    [token, *_] = console.storage()
    assert token.count(".") == 2
    assert token not in page.content()
    expect(page.locator("#token-mask")).to_have_text(f"{token[:4]}…{token[-4:]}")
    page.reload()
    expect(page.locator("#account")).to_have_text(user.name)
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_label("Access token (JWT)")).to_be_visible()
    assert "".join(console.storage()) == ""


def test_what_is_no_token_is_said_so_at_once(page: Page) -> None:
    console = Console(page)
    console.open()
    console.connect("secret")
    expect(console.error_of("token")).to_contain_text("This is no JWT")
    expect(page.get_by_role("button", name="Preview", exact=True)).to_be_disabled()


def test_a_refused_token_says_why_and_is_forgotten(page: Page) -> None:
    console = Console(page)
    console.open()
    console.connect("Bearer eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQ.c2lnbmF0dXJl")
    expect(console.error_of("token")).to_contain_text("The studio refused the token")
    expect(page.get_by_label("Access token (JWT)")).to_be_focused()
    assert "".join(console.storage()) == ""


def test_a_session_that_ends_elsewhere_ends_here_too(console: Console, page: Page, user: User) -> None:
    LoginSession.objects.filter(user=user).revoke()
    expect(console.error_of("token")).to_contain_text("The session has ended")
    expect(page.get_by_role("button", name="Preview", exact=True)).to_be_disabled()


@pytest.mark.parametrize(
    ("control", "text", "reason"),
    [
        ("zoom", "0: (1/(t-4))", "4"),
        ("strength_schedule", "0: (0.5), banana", "banana"),
        ("length", "99", "20"),
        ("seed", "-99999999999999999999", ""),
    ],
)
def test_a_bad_value_is_told_at_its_field(
    tiny_model: ModelFile, console: Console, page: Page, control: str, text: str, reason: str
) -> None:
    console.fill(prompt="a meadow", **{control: text})
    console.press("Preview")
    expect(console.error_of(control)).not_to_be_empty()
    expect(console.error_of(control)).to_contain_text(reason)
    field = page.locator(f"#{control}")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    with all_tenants():
        assert not RenderJob.objects.exists()
    field.press("End")
    field.press("Backspace")
    expect(console.error_of(control)).to_be_empty()


def test_keyframed_prompts_and_their_typing_errors(tiny_model: ModelFile, console: Console, page: Page) -> None:
    console.fill(prompt='{"0": "a meadow", "4": }', length=1, fps=8)
    console.press("Preview")
    expect(console.error_of("prompt")).to_contain_text("no valid JSON")
    console.fill(prompt='{"0": "a meadow", "4": "a city"}')
    console.press("Preview")
    console.expect_status("queued")
    with all_tenants():
        job = RenderJob.objects.get()
    assert job.plan["params"]["settings"]["prompts"] == {"0": "a meadow", "4": "a city"}


def test_the_queue_is_watched_and_a_render_cancelled(tiny_model: ModelFile, console: Console, page: Page) -> None:
    expect(page.locator("#modelId")).to_have_value(str(tiny_model.pk))
    expect(console.queue_rows).to_have_count(0)
    console.fill(prompt="a meadow", length=1)
    console.press("Preview")
    console.expect_status("queued")
    expect(console.queue_rows).to_have_count(1)
    expect(console.queue_rows).to_contain_text("place 1 in the queue")
    expect(page.locator("[data-figure=waiting]")).to_have_text("1")

    # Nobody told the page: it asks.
    with all_tenants():
        assert claim_next(worker="somebody", queues=settings.RENDER_QUEUES) is not None
    console.expect_status("rendering")
    expect(page.locator("[data-figure=processing]")).to_have_text("1")

    console.press("Cancel")
    console.expect_status("cancelled")
    expect(console.queue_rows).to_have_count(0)
    with all_tenants():
        assert RenderJob.objects.get().status == "cancelled"


def test_each_click_spends_once(tiny_model: ModelFile, console: Console, page: Page) -> None:
    posts: list[Request] = []
    page.on("request", lambda request: posts.append(request) if request.method == "POST" else None)
    console.fill(prompt="a meadow")
    page.locator("#preview").dblclick()
    console.expect_status("queued")
    console.press("Cancel")
    console.expect_status("cancelled")
    console.press("Preview")
    console.expect_status("queued")
    with all_tenants():
        assert RenderJob.objects.count() == 2
    keys = [post.headers.get("idempotency-key") for post in posts]
    assert [urlsplit(post.url).path.rsplit("/", 1)[0] for post in posts] == ["/api", "/api/cancelJob", "/api"]
    assert all(keys)
    assert len(set(keys)) == 3


def test_markup_in_a_prompt_is_text(tiny_model: ModelFile, console: Console, page: Page, user: User) -> None:
    console.fill(prompt=SCRIPT)
    console.press("Preview")
    console.expect_status("queued")
    for place in ("#stage-prompt", "#queue-rows .row-prompt", "#library-rows .row-prompt"):
        expect(page.locator(place)).to_have_text(SCRIPT)
    assert page.evaluate("window.broken") is None
    page.reload()
    expect(page.locator("#stage-prompt")).to_have_text(SCRIPT)
    assert page.evaluate("window.broken") is None


def test_the_page_runs_nothing_but_its_own_files(page: Page) -> None:
    answer = page.goto("/deforumation-qt")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.locator("script:not([src]), style, [style], [onclick]").count() == 0
    # On a page of its own: on the usual one a refusal fails the test.
    other = page.context.new_page()
    other.goto("/deforumation-qt")
    refused = other.evaluate(
        """() => new Promise((resolve) => {
            document.addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective));
            document.body.append(Object.assign(document.createElement("img"), { src: "https://example.com/x.png" }));
        })"""
    )
    assert refused == "img-src"


def test_curves_follow_the_keyframes(pan_preset: Preset, console: Console, page: Page) -> None:
    page.locator("#preset").select_option(label="Speeding pan")
    console.fill(length=2, fps=8)
    spark = page.locator(".schedule", has=page.locator("#translation_x")).locator("svg")
    # 1 rises to 4 at frame 8 of 15 (120 pixels wide) and holds; higher is nearer to the top.
    expect(spark.locator("polyline")).to_have_attribute("points", "0.0,21.0 0.0,21.0 64.0,3.0 120.0,3.0")
    console.fill(translation_x="0: (sin(t))")
    expect(spark.locator("polyline")).to_have_count(0)
    expect(spark).to_have_attribute("aria-label", "computed by an expression")


@pytest.mark.parametrize("width", [1280, 820, 390])
def test_it_fits_the_window(tiny_model: ModelFile, console: Console, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    console.fill(prompt="w" * 300)
    console.press("Preview")
    console.expect_status("queued")
    expect(console.queue_rows).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("Preview", "Finalize", "Cancel"):
        expect(page.locator(".actions").get_by_role("button", name=name, exact=True)).to_be_in_viewport(ratio=1)


def test_every_control_has_a_name(page: Page) -> None:
    page.goto("/deforumation-qt")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("input, select, textarea")]
            .filter((control) => !control.labels.length).map((control) => control.id)"""
    )
    assert unnamed == []
    dangling = page.evaluate(
        """() => [...document.querySelectorAll("[aria-describedby]")]
            .flatMap((control) => control.getAttribute("aria-describedby").split(" "))
            .filter((id) => !document.getElementById(id))"""
    )
    assert dangling == []


def test_a_token_works_with_the_keyboard_alone(page: Page, user: User) -> None:
    Console(page).open()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the preview")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.insert_text(open_session(user=user, device=Device()).access)
    page.keyboard.press("Enter")
    expect(page.locator("#account")).to_have_text(user.name)
