"""Workers that die, stop, fail and share: each test has workers of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from studio.models import ModelFile, RenderJob
from studio.models.jobs import seconds_from_now
from studio.services.jobs import lifecycle as jobs
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.renders import DEFORUM, Row, ask, frame_hashes, newest, result, watch
from tests.waiting import until
from tests.worker import WorkerProcess

# A worker imports torch and renders for real: on a busy machine that takes its time.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    return tiny_model


@pytest.mark.parametrize("workflow", ["vid2vid", "deforum"])
def test_a_killed_worker_loses_no_frame(
    api: APIClient, user: User, upload: Callable[..., int], tmp_path: Path, workflow: str
) -> None:
    def submit() -> Row:
        if workflow == "deforum":
            preview = ask(api, "/api/generate", **DEFORUM, steps=40)
        else:
            body = {"videoId": upload("long.mp4"), "type": "vid2vid", "prompt": "a neon city", "seed": 7, "steps": 40}
            preview = ask(api, "/api/generate", **body)
        watch(api, preview, "preview")
        return ask(api, "/api/finalize", videoId=preview["videoId"])

    with WorkerProcess() as worker:
        job = submit()
        before = until(lambda: _frames_between(user), "final render with some frames done")
        worker.kill()
    assert newest(user).status == RenderJob.Status.RUNNING, "nobody has noticed yet"
    with WorkerProcess():
        with all_tenants():
            # As much later as a lease lasts.
            RenderJob.objects.filter(pk=newest(user).pk).update(lease_expires_at=seconds_from_now(-1))
        assert jobs.reap()["requeued"] == 1
        disturbed = result(api, watch(api, job, "finished"), tmp_path)
        assert newest(user).attempts == 2
        undisturbed = result(api, watch(api, submit(), "finished"), tmp_path)
    assert newest(user).attempts == 1
    assert 0 < before < len(disturbed[0])
    assert disturbed[0] == undisturbed[0], "every frame is byte-identical"
    assert disturbed[1] == undisturbed[1], "and so is the file"


def _frames_between(owner: User) -> int | None:
    """Frames done of a final render that is in its middle."""
    job = newest(owner)
    assert job.status != RenderJob.Status.COMPLETED, "the render was too quick to be caught"
    past_preview = job.plan["frame_limit"] is None and job.frames_done > job.frames_total / 4
    return job.frames_done if past_preview else None


def test_a_worker_that_is_stopped_gives_its_render_back(api: APIClient, user: User, tmp_path: Path) -> None:
    body = {**DEFORUM, "length": 3, "steps": 40}
    with WorkerProcess() as worker:
        preview = watch(api, ask(api, "/api/generate", **body), "preview")
        job = ask(api, "/api/finalize", videoId=preview["videoId"])
        until(lambda: _frames_between(user), "final render with some frames done")
        worker.stop()
    given_back = newest(user)
    assert (given_back.status, given_back.attempts) == (RenderJob.Status.QUEUED, 0)
    with WorkerProcess("--burst") as worker:
        worker.wait()
    assert len(frame_hashes(api, watch(api, job, "finished"), tmp_path)) == 36


def test_a_render_that_fails_says_why_and_leaves_the_worker_healthy(
    api: APIClient, user: User, model: ModelFile, tmp_path: Path
) -> None:
    broken = Path(settings.MODEL_DIR) / "broken"
    shutil.copytree(Path(settings.MODEL_DIR) / model.location, broken)
    ModelFile.objects.filter(pk=model.pk).update(location="broken")
    row = ask(api, "/api/generate", **DEFORUM)
    # Gone between the check at submit and the render.
    shutil.rmtree(broken)
    ModelFile.objects.filter(pk=model.pk).update(location="tiny")
    with WorkerProcess():
        failed = watch(api, row, "error")
        assert failed["error"]
        assert str(settings.MODEL_DIR) not in failed["error"], "no path of ours is shown"
        assert "Traceback" not in failed["error"]
        assert newest(user).error_code == "invalid_model"
        watch(api, ask(api, "/api/generate", **DEFORUM), "preview")


def test_two_users_take_turns(api: APIClient, make_user: UserFactory, client_of: Callable[[User], APIClient]) -> None:
    one_frame = {**DEFORUM, "frameCount": 1}
    mine = [ask(api, "/api/generate", **one_frame)["job_id"] for _ in range(3)]
    theirs = ask(client_of(make_user()), "/api/generate", **one_frame)["job_id"]
    with WorkerProcess("--burst") as worker:
        worker.wait()
    with all_tenants():
        done = RenderJob.objects.filter(status="completed").order_by("finished_at").values_list("pk", flat=True)
        assert list(done) == [mine[0], theirs, *mine[1:]]
