"""Renders, failures and workers in the panel, with a browser: operations act, support looks."""

from __future__ import annotations

import socket

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import AuditEntry, User
from studio.models import ModelFile, RenderJob, Video, WorkerDrain
from studio.services.jobs import workers
from studio.services.jobs.lifecycle import queue_render
from studio.services.jobs.queue import claim_next
from studio.services.steering.pictures import keep_thumbnails
from studio.services.videos.library import prepare_preview
from studio.tests.queue_rows import make_row
from studio.tests.test_drains import reported
from tenants.scope import all_tenants, tenant_scope
from tests.e2e.test_steering import serious_faults
from tests.fixtures import PASSWORD, UserFactory

SCRIPT = "<img src=x onerror='window.broken=1'>"
PIXEL = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300" + "01" * 64 + "ffc0000b080001000101011100ffc40014000100000000"
    "00000000000000000000000affc40014100100000000000000000000000000000000ffda0008010100003f0054ffd9"
)
"""A JPEG."""


@pytest.fixture
def job(user: User, tiny_model: ModelFile) -> RenderJob:
    with tenant_scope(user.tenant_id):
        parameters = {"prompt": SCRIPT, "length": 1, "frameCount": 5}
        return queue_render(prepare_preview(user=user, video=None, type=Video.Type.DEFORUM, parameters=parameters))


def enter(page: Page, make_user: UserFactory, group: str) -> User:
    person = make_user(name=group, email=f"{group}@example.com")
    person.groups.add(Group.objects.get(name=group))
    page.goto("/admin/")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#site-name")).to_be_attached()
    return person


def offered(page: Page) -> list[str]:
    return page.locator(".studio-acts .button").all_text_contents()


def test_operations_follow_move_and_cancel_a_render(page: Page, make_user: UserFactory, job: RenderJob) -> None:
    enter(page, make_user, "operations")
    page.goto(f"/admin/studio/renderjob/{job.pk}/change/")
    assert offered(page) == ["Cancel", "Move to another queue", "Change priority"]
    timeline = page.locator(".studio-timeline tbody tr")
    expect(timeline).to_have_count(1)

    page.get_by_role("link", name="Move to another queue").click()
    page.get_by_role("button", name="Move to another queue").click()
    expect(page.locator(".errorlist")).to_have_text("This field is required.")
    page.get_by_label("Queue").select_option("high")
    page.get_by_label("Reason").fill("A demo waits.")
    # Somebody else is faster.
    with all_tenants():
        RenderJob.objects.filter(pk=job.pk).update(queue="low")
    page.get_by_role("button", name="Move to another queue").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody changed its queue meanwhile: it is low now")
    expect(page.get_by_label("Reason")).to_have_value("A demo waits.")
    page.get_by_role("button", name="Move to another queue").click()
    expect(page.locator(".messagelist")).to_have_text(f"Render {job.pk} waits in high now.")

    claimed = claim_next(worker="gpu-1", queues=settings.RENDER_QUEUES)
    assert claimed == job
    keep_thumbnails(job.pk, dict.fromkeys(range(3), PIXEL))
    with all_tenants():
        RenderJob.objects.filter(pk=job.pk).update(frames_done=3, progress=60.0)
    expect(page.locator(".studio-status").first).to_have_text("queued")
    page.reload()
    expect(page.locator(".studio-reel img")).to_have_count(3)
    expect(timeline.last).to_contain_text("claimed, attempt 1")
    keep_thumbnails(job.pk, {3: PIXEL})
    expect(page.locator(".studio-reel img")).to_have_count(4)
    assert (
        page.locator(".studio-reel img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    )

    page.get_by_role("link", name="Cancel").click()
    page.get_by_label("Reason").fill(SCRIPT)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".messagelist")).to_have_text(f"Render {job.pk} is cancelled.")
    expect(timeline.filter(has_text="cancelled by operations@example.com")).to_contain_text(SCRIPT)
    assert offered(page) == ["Try again"]
    assert page.evaluate("window.broken") is None


def test_support_looks_and_is_offered_nothing(page: Page, make_user: UserFactory, job: RenderJob) -> None:
    enter(page, make_user, "support")
    page.goto(f"/admin/studio/renderjob/{job.pk}/change/")
    expect(page.locator(".studio-timeline")).to_contain_text("queued in")
    assert offered(page) == []
    expect(page.get_by_role("link", name="memory Workers")).to_have_count(0)
    for path in (f"/admin/studio/renderjob/{job.pk}/change/act/cancel/", "/admin/renders/workers/", "/django-rq/"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 403, path
    with all_tenants():
        assert RenderJob.objects.get(pk=job.pk).status == RenderJob.Status.QUEUED


def test_operations_drain_a_worker_and_resume_it(page: Page, make_user: UserFactory) -> None:
    reported("gpu-1")
    enter(page, make_user, "operations")
    page.get_by_role("link", name="memory Workers").click()
    row = page.locator("tr", has_text="gpu-1")
    expect(row).to_contain_text("working")
    row.get_by_role("link", name="Drain").click()
    page.get_by_label("Reason").fill("A new driver.")
    page.get_by_role("button", name="Drain").click()
    expect(row).to_contain_text("by operations@example.com: A new driver.")
    expect(row.locator(".studio-status")).to_have_text("drained")
    assert WorkerDrain.objects.get().name == "gpu-1"
    # It is seen without a reload.
    workers.forget("gpu-1")
    reported("gpu-2")
    expect(page.locator("tr", has_text="gpu-2")).to_be_visible()
    reported("gpu-1")
    expect(row).to_be_visible()
    row.get_by_role("link", name="Resume").click()
    page.get_by_label("Reason").fill("Done.")
    page.get_by_role("button", name="Resume").click()
    expect(row.locator(".studio-status")).to_have_text("working")
    expect(page.get_by_role("link", name=f"Drain machine {socket.gethostname()}")).to_be_visible()
    assert AuditEntry.objects.filter(event__startswith="worker.").count() == 2
    for name in ("gpu-1", "gpu-2"):
        workers.forget(name)


def test_failures_lead_to_their_renders(page: Page, make_user: UserFactory, user: User) -> None:
    for code in ("worker_lost", "worker_lost", "model_broken"):
        make_row(user, status="failed", error_code=code, error=SCRIPT, finished_at=timezone.now())
    enter(page, make_user, "operations")
    page.get_by_role("link", name="Failed by code").click()
    expect(page.locator(".studio-table tbody tr")).to_have_count(2)
    page.get_by_role("link", name="worker_lost").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    assert page.evaluate("window.broken") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit(page: Page, make_user: UserFactory, job: RenderJob, width: int, scheme: str) -> None:
    make_row(job.owner, status="failed", error_code="worker_lost", error="x" * 300, finished_at=timezone.now())
    reported("gpu-1", machine="a-machine-with-a-rather-long-name.in.a.data.centre.example.com")
    enter(page, make_user, "operations")
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    change = f"/admin/studio/renderjob/{job.pk}/change/"
    pages = (change, f"{change}act/queue/", f"{change}act/cancel/", "/admin/renders/workers/", "/admin/renders/failed/",
             "/admin/renders/workers/drain/gpu-1/", "/django-rq/", "/django-rq/queues/0/", "/django-rq/workers/0/",
             "/django-rq/queues/0/details/")  # fmt: skip
    for path in pages:
        page.goto(path)
        expect(page.locator("#content-main, #renderjob_form").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        if path.startswith("/admin/renders/"):
            assert serious_faults(page) == [], path
    workers.forget("gpu-1")
