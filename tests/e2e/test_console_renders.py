"""The console with a worker behind it: from a prompt to a film."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.models import ModelFile, Preset, RenderJob, Video
from tenants.scope import all_tenants
from tests.e2e.pages import Console
from tests.waiting import until
from tests.worker import WorkerProcess

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(autouse=True)
def worker(render_worker: WorkerProcess, tiny_model: ModelFile) -> WorkerProcess:
    return render_worker


@pytest.fixture(autouse=True)
def preset(pan_preset: Preset) -> Preset:
    return pan_preset


def test_from_a_preset_and_a_prompt_to_a_film_that_plays(console: Console, page: Page) -> None:
    page.locator("#preset").select_option(label="Speeding pan")
    expect(page.locator("#translation_x")).to_have_value("0: (1), 8: (4)")
    expect(page.locator("#diffusion_cadence")).to_have_value("2")
    console.fill(prompt="a lighthouse in the fog", length=2, fps=8, frameCount=2, steps=2)

    console.press("Preview")
    console.expect_status("preview ready")
    console.expect_picture()
    seed = page.locator("[data-fact=seed]").inner_text()
    expect(page.locator("[data-fact=frames]")).to_have_text("2 of 16 at 8/s")
    expect(page.locator("#action-note")).to_have_text("Finalize renders the whole video as previewed.")

    with page.expect_response("**/api/finalize"):
        console.press("Finalize")
    # The approved preview stays in view until its film is there.
    expect(page.locator("#screen-placeholder")).to_be_hidden()
    console.expect_status("finished")
    expect(page.locator("[data-fact=seed]")).to_have_text(seed)
    video = page.locator("#screen-video")
    expect(video).to_be_visible()
    # Not wait_for_function, which evaluates text in the page: its policy forbids that.
    until(lambda: video.evaluate("(video) => video.readyState >= 2"), "playing film")
    assert video.evaluate("video => video.duration") == pytest.approx(2.0, abs=0.05)
    sought = video.evaluate(
        """video => new Promise((resolve) => {
            video.addEventListener("seeked", () => resolve([video.currentTime, video.readyState]), { once: true });
            video.currentTime = 1.5;
        })"""
    )
    assert sought[0] == pytest.approx(1.5, abs=0.01)
    expect(console.queue_rows).to_have_count(0)
    expect(page.locator("#library-rows > li")).to_contain_text(["finished"])

    with all_tenants():
        jobs = list(RenderJob.objects.order_by("pk"))
    assert [(job.purpose, job.status, job.frames_total) for job in jobs] == [
        ("preview", "completed", 2),
        ("final", "completed", 16),
    ]
    assert {job.parameters["seed"] for job in jobs} == {int(seed)}
    assert jobs[0].parameters["schedules"]["translation_x"] == "0: (1), 8: (4)"


def test_an_uploaded_picture_and_sound_go_into_the_video(console: Console, page: Page, media_dir: Path) -> None:
    page.locator("summary", has_text="Source and sound").click()
    page.locator("#attachment").set_input_files(media_dir / "clip.mp4")
    page.locator("#soundtrack").set_input_files(media_dir / "song.mp3")
    console.fill(prompt="a quiet harbour", length=1, fps=8, steps=2)
    console.press("Preview")
    console.expect_status("preview ready")
    console.expect_picture()
    with all_tenants():
        video = Video.objects.select_related("source", "soundtrack").get()
    assert video.source.original_filename == "clip.mp4"
    assert video.soundtrack.original_filename == "song.mp3"

    # Once sent, they are not sent again: the second preview is another render of the same video.
    with page.expect_response("**/api/generate") as answer:
        console.press("Preview")
    assert answer.value.ok
    with all_tenants():
        assert Video.objects.count() == 1
        assert RenderJob.objects.filter(video=video).count() == 2


def test_a_finished_video_is_continued(console: Console, page: Page) -> None:
    console.fill(prompt="a river", length=1, fps=8, steps=2)
    console.press("Preview")
    console.expect_status("preview ready")
    console.press("Finalize")
    console.expect_status("finished")
    with all_tenants():
        first = Video.objects.get()

    page.get_by_role("button", name=f"Continue video {first.pk}").click()
    expect(page.locator("#extendFromJobId")).to_have_value(str(first.pk))
    expect(page.locator("#prompt")).to_have_value("a river")
    console.press("Preview")
    console.expect_status("preview ready")
    console.press("Finalize")
    console.expect_status("finished")
    with all_tenants():
        longer = Video.objects.exclude(pk=first.pk).select_related("output").get()
    # One second of eight frames each, stitched.
    assert longer.output.frame_count == 16
