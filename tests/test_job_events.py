"""What happens in a render, told to whoever watches it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.mailbox import work
from config.platform.events import START, forget_jobs, publish_job, read_job
from studio.models import ModelFile, RenderJob
from studio.providers.lease import LeasedPort
from studio.rendering.ports import Progress
from studio.services.jobs.lifecycle import cancel_render, fail_render
from studio.services.jobs.queue import claim_next
from studio.services.steering.pictures import keep_thumbnails, thumbnail
from studio.services.videos.library import withdraw_video
from tenants.scope import all_tenants
from tests.event_server import events_of
from tests.fixtures import PASSWORD, UserFactory

pytestmark = pytest.mark.usefixtures("transactional_db")

Told = list[dict[str, Any]]


@pytest.fixture
def job(tiny_model: ModelFile, api: APIClient) -> Iterator[RenderJob]:
    answer = api.post("/api/generate", {"type": "deforum", "prompt": "a red sea", "length": 1, "fps": 8})
    assert answer.status_code == 200, answer.content
    with all_tenants():
        yield RenderJob.objects.get(pk=answer.json()["data"]["job_id"])


@pytest.fixture
def ask(api: APIClient, job: RenderJob) -> Callable[..., Told]:
    def answer(client: APIClient = api, after: str = "") -> Told:
        response = client.get(f"/api/video-jobs/{job.pk}/events", headers={"Last-Event-ID": after} if after else {})
        assert response.status_code == 200, response.content
        assert response["Content-Type"] == "text/event-stream"
        return list(events_of(iter(response.content.split(b"\n"))))

    return answer


def running(job: RenderJob) -> tuple[RenderJob, LeasedPort]:
    claimed = claim_next(worker="somebody", queues=settings.RENDER_QUEUES)
    assert claimed is not None
    assert claimed.pk == job.pk
    assert claimed.lease_id is not None
    return claimed, LeasedPort(claimed, claimed.lease_id, threading.Event())


def test_the_whole_comes_first_and_then_what_happens(job: RenderJob, ask: Callable[..., Told]) -> None:
    snapshot, ready = ask()
    assert (snapshot["event"], ready["event"], ready["data"]) == ("snapshot", "ready", {"live": False})
    assert snapshot["data"]["job_id"] == job.pk
    assert (snapshot["data"]["job_status"], snapshot["data"]["frame"]) == ("queued", None)
    claimed, port = running(job)
    picture = cv2.imencode(".jpg", np.full((48, 64, 3), 127, np.uint8))[1].tobytes()
    port.progress(Progress("rendering", 1, job.frames_total, picture))
    again, _, *told = ask(after=snapshot["id"])
    assert (again["data"]["job_status"], again["data"]["frame"], again["id"]) == ("running", 0, snapshot["id"])
    assert [event["event"] for event in told] == ["state", "frame", "progress"]
    state, frame, progress = (event["data"] for event in told)
    assert (state["job_status"], state["paused"]) == ("running", False)
    assert (progress["frame"], progress["frames_done"]) == (0, 1)
    assert progress["frames_total"] == job.frames_total
    assert frame["frame"] == 0
    shown = APIClient().get(frame["frame_url"].removeprefix(settings.PUBLIC_URL))
    assert b"".join(shown) == picture
    fail_render(claimed, lease_id=claimed.lease_id, code="x", message="No.")
    *_, last = ask(after=told[-1]["id"])
    assert (last["event"], last["data"]["job_status"], last["data"]["error"]) == ("state", "failed", "No.")
    _, _, *nothing = ask(after=last["id"])
    assert nothing == []


def test_a_gap_is_told_with_the_whole(job: RenderJob, ask: Callable[..., Told]) -> None:
    place = ask()[0]["id"]
    forget_jobs([job.pk])
    snapshot, _ready, reset = ask(after=place)
    assert (snapshot["event"], reset["event"], snapshot["id"], reset["id"]) == ("snapshot", "reset", START, START)
    publish_job(job.pk, "rewind", {"frame": 3})
    *_, rewind = ask(after=snapshot["id"])
    assert (rewind["event"], rewind["data"]) == ("rewind", {"frame": 3})


def test_only_its_owner_and_administrators_watch_it(
    job: RenderJob, user: User, api: APIClient, make_user: UserFactory, client_of: Any, ask: Callable[..., Told]
) -> None:
    path = f"/api/video-jobs/{job.pk}/events"
    colleague = make_user(tenant=user.tenant)
    for client, status in ((client_of(make_user()), 404), (client_of(colleague), 404), (APIClient(), 401)):
        refused = client.get(path)
        assert (refused.status_code, refused.json()["success"]) == (status, False)
    staff = client_of(make_user(role=User.Role.ADMINISTRATOR))
    assert ask(staff)[0]["data"]["job_id"] == job.pk
    for number in (999_999, 2**63, 10**30):
        assert api.get(f"/api/video-jobs/{number}/events").status_code == 404
    assert "after" in api.get(path, {"after": "x"}).json()["data"]


def test_a_deleted_video_has_no_events(job: RenderJob, api: APIClient, ask: Callable[..., Told]) -> None:
    assert ask()
    cancel_render(job)
    withdraw_video(job.video)
    assert api.get(f"/api/video-jobs/{job.pk}/events").status_code == 404


def test_the_end_of_an_account_takes_its_renders_out_of_the_logs(job: RenderJob, api: APIClient) -> None:
    publish_job(job.pk, "ack", {"number": 1, "effective": {"prompt": "my secret"}})
    keep_thumbnails(job.pk, {0: b"a picture"})
    assert len(read_job(job.pk, START).events) > 1
    assert api.post("/api/me/delete", {"password": PASSWORD}).status_code == 202
    work()
    assert read_job(job.pk, START).events == []
    assert thumbnail(job.pk, 0) is None
