"""What follows from a render being paused: it counts as active everywhere, waits for nobody, and keeps its price."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from rest_framework.test import APIClient

from accounts.models import User
from commerce.services.audit import audit
from commerce.services.wallets import open_credit_wallet
from studio.models import ModelFile, RenderJob, SteeringCommand, Video
from studio.requests.types import DeforumRequest
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs import queue
from studio.services.jobs.figures import overview
from studio.services.jobs.pauses import pause_render, resume_render
from studio.services.jobs.places import QueueSnapshot
from studio.services.personal_data import erase_work
from studio.services.videos.library import delete_video
from studio.tests.queue_rows import ensure_counted, make_row
from tenants.scope import all_tenants, tenant_scope

pytestmark = pytest.mark.django_db

ASKED = {"type": "deforum", "prompt": "a sea"}


@pytest.fixture(autouse=True)
def in_the_users_scope(user: User) -> Iterator[None]:
    with tenant_scope(user.tenant_id):
        yield


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    tiny_model.price_per_frame = 1
    tiny_model.save()
    return tiny_model


def claim() -> RenderJob:
    job = queue.claim_next(worker="w", queues=settings.RENDER_QUEUES)
    assert job is not None
    return job


def paused(user: User) -> RenderJob:
    """A priced render of the user's that was running and is paused."""
    video = Video.objects.create(owner=user, type=Video.Type.DEFORUM)
    request = DeforumRequest(prompt="a lighthouse", length=1.0, fps=8.0, frame_count=3)
    jobs.submit_render(video=video, user=user, purpose=RenderJob.Purpose.FINAL, request=request)
    job = claim()
    assert job.lease_id is not None
    assert pause_render(job, lease_id=job.lease_id)
    return job


def again(job: RenderJob) -> RenderJob:
    return RenderJob.objects.select_related("video").get(pk=job.pk)


def counted() -> None:
    with all_tenants():
        ensure_counted()


def held(user: User) -> int:
    return int(open_credit_wallet(user=user).held)


def test_it_gives_the_worker_back_and_keeps_its_price(user: User) -> None:
    job = again(paused(user))
    assert (job.status, job.lease_id, job.attempts) == (RenderJob.Status.PAUSED, None, 0)
    assert (job.video.status, held(user)) == (Video.Status.PAUSED, job.price)
    assert queue.claim_next(worker="w", queues=settings.RENDER_QUEUES) is None, "nobody claims it"
    assert jobs.reap() == {"requeued": 0, "failed": 0, "cancelled": 0, "knocked": 0}
    counted()
    assert audit() == []


def test_it_goes_on_before_what_came_later(user: User) -> None:
    job = paused(user)
    make_row(user, queue=job.queue, queued_at=job.queued_at + timedelta(seconds=1))
    assert resume_render(job)
    assert not resume_render(again(job)), "once"
    counted()
    assert claim() == job
    counted()


def test_only_the_holder_of_the_lease_pauses(user: User) -> None:
    make_row(user)
    job = claim()
    assert not pause_render(job, lease_id=uuid.uuid4())
    assert again(job).status == RenderJob.Status.RUNNING


@pytest.mark.parametrize(("kind", "status"), [("resume", "queued"), ("stop", "queued"), ("set", "paused")])
def test_a_command_that_came_while_the_worker_turned_away(user: User, kind: str, status: str) -> None:
    make_row(user)
    job = claim()
    assert job.lease_id is not None
    SteeringCommand.objects.create(job=job, number=1, kind=kind)
    assert pause_render(job, lease_id=job.lease_id)
    assert again(job).status == status
    counted()


def test_it_is_active(user: User, api: APIClient) -> None:
    job = paused(user)
    answer = api.post("/api/generate", {**ASKED, "videoId": job.video_id})
    assert (answer.status_code, answer.json()["code"]) == (422, "video_busy")
    with pytest.raises(IntegrityError), transaction.atomic():
        RenderJob.objects.create(
            video=job.video, owner=user, purpose="final", workflow="deforum", model_file=job.model_file, parameters={},
            plan={}, queue="low", frames_total=1,
        )  # fmt: skip
    for _ in range(4):
        assert api.post("/api/generate", ASKED).status_code == 200
    assert api.post("/api/generate", ASKED).json()["code"] == "too_many_jobs"


def test_it_has_no_place_in_the_queue(user: User) -> None:
    job = again(paused(user))
    figures = QueueSnapshot().figures(job)
    assert (figures.your_position, figures.your_estimated_time) == (None, None)
    assert (figures.total_jobs_processing, figures.total_jobs_in_queue) == (0, 0)
    assert (overview().paused, overview().running) == (1, 0)


def test_its_words(user: User, api: APIClient) -> None:
    job = paused(user)
    shown = api.get(f"/api/status/{job.video_id}").json()["data"]
    assert (shown["status"], shown["paused"], shown["estimated_time_left"]) == ("processing", True, None)
    listed = api.get("/api/queue?status:=paused").json()["data"]["items"]
    assert [row["videoId"] for row in listed] == [job.video_id]
    at_work = api.get("/api/video-jobs/processing/status").json()["data"]["processing"]
    assert [row["paused"] for row in at_work] == [True]
    assert api.get("/api/video-jobs/processing/queue").json()["data"]["totalItems"] == 1
    assert api.get(f"/api/ai-jobs/{job.pk}").json()["data"]["status"] == "processing"
    assert api.get("/api/ai-jobs?status:=processing").json()["data"]["totalItems"] == 1
    assert api.get(f"/api/videos/{job.video_id}").json()["data"]["status"] == "processing"


def _cancel(job: RenderJob, api: APIClient) -> None:
    assert api.post(f"/api/cancelJob/{job.video_id}").json()["data"]["status"] == "cancelled"


def _delete(job: RenderJob, api: APIClient) -> None:
    delete_video(again(job).video)


def _erase(job: RenderJob, api: APIClient) -> None:
    erase_work(job.owner)


def _forget(job: RenderJob, api: APIClient) -> None:
    RenderJob.objects.filter(pk=job.pk).update(paused_at=Now() - timedelta(days=settings.PAUSED_DAYS - 0.01))
    assert jobs.reap()["cancelled"] == 0
    RenderJob.objects.filter(pk=job.pk).update(paused_at=Now() - timedelta(days=settings.PAUSED_DAYS + 0.01))
    assert jobs.reap()["cancelled"] == 1


@pytest.mark.parametrize("end", [_cancel, _delete, _erase, _forget])
def test_it_ends_as_others_do(user: User, api: APIClient, end: Callable[[RenderJob, APIClient], None]) -> None:
    job = paused(user)
    SteeringCommand.objects.create(job=job, number=1, kind="set")
    end(job, api)
    assert (again(job).status, held(user)) == (RenderJob.Status.CANCELLED, 0)
    assert not SteeringCommand.objects.filter(state="waiting").exists(), "nothing waits for what is over"
    counted()
    assert audit() == []


def test_its_frames_are_kept_while_it_waits(user: User, settings: Any, tmp_path: Path) -> None:
    settings.WORK_DIR = tmp_path
    job = paused(user)
    frames = tmp_path / f"job-{job.pk}"
    frames.mkdir()
    assert jobs.sweep_work_dirs() == 0
    jobs.cancel_render(job)
    assert jobs.sweep_work_dirs() == 1
    assert not frames.exists()


def test_staff_see_and_cancel_it(user: User, make_user: Callable[..., User], client: Any) -> None:
    job = paused(user)
    staff = make_user(role=User.Role.ADMINISTRATOR)
    client.force_login(staff)
    listed = client.get("/admin/studio/renderjob/?status__exact=paused").content.decode()
    assert f"/admin/studio/renderjob/{job.pk}/change/" in listed
    SteeringCommand.objects.create(job=job, number=7, kind="snapshot")
    assert "7 snapshot waiting" in client.get(f"/admin/studio/renderjob/{job.pk}/change/").content.decode()
    cancelled = {"action": "cancel", "_selected_action": [job.pk], "confirmed": "1", "reason": "a test"}
    client.post("/admin/studio/renderjob/", cancelled)
    with all_tenants():
        assert again(job).status == RenderJob.Status.CANCELLED
