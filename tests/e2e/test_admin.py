"""The staff site: what moves is seen moving, cancel and retry work."""

from __future__ import annotations

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from accounts.models import User
from studio.models import ModelFile, RenderJob, Video
from studio.services.jobs.lifecycle import fail_render, queue_render
from studio.services.jobs.queue import claim_next
from studio.services.videos.library import prepare_preview
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import PASSWORD, UserFactory

SCRIPT = "<img src=x onerror='window.broken=1'>"


@pytest.fixture
def job(user: User, tiny_model: ModelFile) -> RenderJob:
    """A queued preview of a user whose prompt is an attack."""
    with tenant_scope(user.tenant_id):
        parameters = {"prompt": SCRIPT, "length": 1, "frameCount": 5}
        return queue_render(prepare_preview(user=user, video=None, type=Video.Type.DEFORUM, parameters=parameters))


@pytest.fixture
def staff(make_user: UserFactory, job: RenderJob, page: Page) -> User:
    """An administrator, logged in."""
    staff = make_user(name="operator", role=User.Role.ADMINISTRATOR)
    page.goto("/admin/")
    page.get_by_label("Email").fill(staff.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#site-name")).to_have_text("Mage AI Studio")
    return staff


def run_action(page: Page, name: str) -> None:
    page.locator("#action-toggle").check()
    page.get_by_label("Select action to run").select_option(label=name)
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()


def confirm(page: Page, button: str) -> None:
    page.get_by_label("Reason").fill("The test asked for it.")
    page.get_by_role("button", name=button, exact=True).click()


def test_figures_and_the_job_list_follow_the_render(staff: User, page: Page, job: RenderJob, user: User) -> None:
    now = page.get_by_role("region", name="At this moment")
    expect(now).to_contain_text("0 Rendering")
    expect(now).to_contain_text("1 Queued")
    page.get_by_role("link", name="1 Queued").click()
    row = page.locator("#result_list tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text([user.email])
    expect(row).to_contain_text([SCRIPT])
    expect(row.locator(".studio-status")).to_have_text("queued")
    assert page.evaluate("window.broken") is None

    page.goto("/admin/studio/renderjob/")
    page.locator("#action-toggle").check()
    claimed = claim_next(worker="tester", queues=settings.RENDER_QUEUES)
    assert claimed is not None
    with all_tenants():
        RenderJob.objects.update(frames_done=2, progress=40.0, eta_seconds=75.0)
    expect(row.locator(".studio-status")).to_have_text("running")
    expect(row).to_contain_text(["2 / 5 frames"])
    expect(row).to_contain_text(["1 min 15 s"])
    expect(row.locator("progress")).to_have_attribute("value", "40.0")
    # The page was not loaded again: what was ticked stays ticked.
    expect(page.locator("#action-toggle")).to_be_checked()

    with all_tenants():
        fail_render(claimed, lease_id=claimed.lease_id, code="tested", message="The test said so.")
    expect(row.locator(".studio-status")).to_have_text("failed")


def test_cancel_and_retry(staff: User, page: Page, job: RenderJob) -> None:
    page.goto("/admin/studio/renderjob/")
    run_action(page, "Cancel the selected renders")
    confirm(page, "Cancel")
    expect(page.locator(".messagelist")).to_have_text(f"Render {job.pk} is cancelled.")
    expect(page.locator("#result_list .studio-status")).to_have_text("cancelled")
    with all_tenants():
        job.refresh_from_db()
        assert job.status == RenderJob.Status.CANCELLED
        assert job.video.status == Video.Status.CANCELLED

    run_action(page, "Cancel the selected renders")
    confirm(page, "Cancel")
    expect(page.locator(".messagelist")).to_contain_text("This render is cancelled.")

    run_action(page, "Try the selected renders again")
    confirm(page, "Try again")
    expect(page.locator(".messagelist")).to_contain_text(f"Render {job.pk} is queued again")
    expect(page.locator("#result_list .studio-status")).to_have_text(["queued", "cancelled"])
    with all_tenants():
        again = RenderJob.objects.get(status=RenderJob.Status.QUEUED)
    assert again.video_id == job.video_id
    assert again.parameters == job.parameters

    page.locator("#action-toggle").check()
    run_action(page, "Try the selected renders again")
    confirm(page, "Try again")
    expect(page.locator(".messagelist")).to_contain_text("Only a failed or cancelled render can be tried again.")
    with all_tenants():
        assert RenderJob.objects.count() == 2


def test_a_render_opens_with_its_plan_and_no_form(staff: User, page: Page, job: RenderJob) -> None:
    page.goto(f"/admin/studio/renderjob/{job.pk}/change/")
    expect(page.locator(".studio-json >> nth=0")).to_contain_text(SCRIPT)
    page.locator("summary, .collapse-toggle").first.click()
    expect(page.locator(".studio-json >> nth=1")).to_contain_text('"workflow": "deforum"')
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("navigation").get_by_role("link", name="Queues").click()
    expect(page).to_have_url("/django-rq/")
