"""Attempts at a render: which count, what is kept of them, and by whose clock they are judged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_rq
import pytest
from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.test import APIClient

from studio.models import ModelFile, RenderJob
from studio.providers import local
from studio.providers.lease import LeasedPort
from studio.rendering.ports import Progress
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs import queue
from tenants.scope import all_tenants, tenant_scope

pytestmark = pytest.mark.django_db

Submit = Callable[..., RenderJob]
AN_HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def as_the_system() -> Iterator[None]:
    """The queue's verbs run in the job's tenant or, as here and in the reaper, over all."""
    with all_tenants():
        yield


@pytest.fixture
def submit(api: APIClient, tiny_model: ModelFile, media_dir: Path) -> Submit:
    """Queues a preview; answers its row."""

    def submit(**body: Any) -> RenderJob:
        asked = {"type": "deforum", "prompt": "a sea", "length": 1, "fps": 12, "frameCount": 4, "seed": 7, **body}
        answer = api.post("/api/generate", asked)
        assert answer.status_code == 200, answer.json()
        return RenderJob.objects.get(pk=answer.json()["data"]["job_id"])

    return submit


def claim() -> RenderJob | None:
    return queue.claim_next(worker="w", queues=settings.RENDER_QUEUES)


def claimed() -> RenderJob:
    job = claim()
    assert job is not None
    return job


def die(job: RenderJob) -> RenderJob:
    """The worker is dead, and the reaper has noticed; the row as it is then."""
    RenderJob.objects.filter(pk=job.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    jobs.reap()
    return RenderJob.objects.get(pk=job.pk)


def rendered_until(job: RenderJob, frames: int) -> RenderJob:
    assert job.lease_id is not None
    LeasedPort(job, job.lease_id, threading.Event()).progress(Progress("rendering", frames, 4))
    return job


def test_attempts_that_made_frames_are_not_counted(submit: Submit) -> None:
    submit()
    for frames in range(1, 4):
        assert die(rendered_until(claimed(), frames)).status == "queued"
    for _ in range(settings.MAX_ATTEMPTS - 1):
        # The same frames as before are no progress: a machine without the work folder starts again.
        assert die(rendered_until(claimed(), 3)).status == "queued"
    over = die(rendered_until(claimed(), 2))
    assert (over.status, over.error_code, over.error) == ("failed", "worker_lost", jobs.GAVE_UP)
    assert over.attempts == 3 + settings.MAX_ATTEMPTS
    assert over.cause.startswith("Worker w renewed its lease last at")


def test_an_attempt_that_is_given_back_is_as_if_it_had_not_been(submit: Submit) -> None:
    submit()
    for _ in range(2 * settings.MAX_ATTEMPTS):
        job = rendered_until(claimed(), 1)
        assert jobs.give_back(job, lease_id=job.lease_id, count_attempt=False)
        job.refresh_from_db()
        assert (job.attempts, job.fruitless_attempts) == (0, 0)


def test_a_job_that_waits_is_not_claimed_nor_knocked_for_before_its_time(submit: Submit, settings: Any) -> None:
    settings.RENDER_RETRY_SECONDS = 3600
    django_rq.get_queue(submit().queue).empty()
    job = claimed()
    assert jobs.give_back(job, lease_id=job.lease_id, count_attempt=False, wait=True, cause="OSError: full")
    assert claim() is None
    assert jobs.reap()["knocked"] == 0
    RenderJob.objects.update(not_before=Now())
    assert jobs.reap()["knocked"] == 1
    again = claimed()
    assert (again.pk, again.attempts, again.not_before, again.cause) == (job.pk, 1, None, "OSError: full")


@pytest.mark.parametrize("ahead", [AN_HOUR, -AN_HOUR])
def test_leases_follow_the_databases_clock(submit: Submit, monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    submit()
    # A machine whose clock is wrong can't be had any other way.
    wrong = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: wrong() + ahead)
    job = claimed()
    assert job.lease_id is not None
    LeasedPort(job, job.lease_id, threading.Event()).renew()
    assert jobs.reap()["requeued"] == 0, "a lease that was renewed just now holds"
    left = RenderJob.objects.annotate(left=F("lease_expires_at") - Now()).get().left  # type: ignore[attr-defined]
    assert timedelta(0) < left <= timedelta(seconds=settings.LEASE_SECONDS)
    assert die(job).status == "queued"


# The thread that renews the lease sees what is committed.
@pytest.mark.django_db(transaction=True)
def test_a_storage_that_fails_makes_the_render_wait(submit: Submit, user: Any, stored_blobs: Any) -> None:
    job = submit()
    in_the_way = Path(settings.MEDIA_ROOT) / str(user.tenant_id) / "sprite"
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_bytes(b"not a folder")
    before = stored_blobs()
    with tenant_scope(user.tenant_id):
        local.run(claimed(), stopping=threading.Event())
        job.refresh_from_db()
        assert (job.status, job.attempts, job.error, job.video.status) == ("queued", 0, "", "queued")
        assert job.not_before is not None
        assert "FileExistsError" in job.cause or "NotADirectoryError" in job.cause
        assert stored_blobs() == before, "what was stored before it failed is gone"
        in_the_way.unlink()
        RenderJob.objects.update(not_before=Now())
        local.run(claimed(), stopping=threading.Event())
        job.refresh_from_db()
    assert (job.status, job.attempts) == ("completed", 1)


def test_what_only_shows_the_render_can_fail(submit: Submit, user: Any, settings: Any) -> None:
    submit()
    settings.CACHES = {"default": {"BACKEND": "config.platform.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}
    job = claimed()
    assert job.lease_id is not None
    port = LeasedPort(job, job.lease_id, threading.Event())
    port.progress(Progress("rendering", 2, 4, b"a picture"))
    assert not port.should_stop()
    job.refresh_from_db()
    assert job.frames_done == 2
