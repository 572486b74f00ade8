"""The worker's link to whoever steers a render, without a renderer behind it."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now
from rest_framework.test import APIClient

from accounts.models import User
from config.platform.events import read_job
from studio.models import FrameRecord, ModelFile, RenderJob, Steering, SteeringCommand, Video
from studio.providers.steered import SteeredPort
from studio.rendering.deforum.steering.commands import Ack
from studio.rendering.ports import FramePictures, Progress
from studio.services.jobs import queue
from studio.services.steering.bell import LONGEST_WAIT, Listener, ring
from studio.services.steering.pictures import thumbnail
from studio.services.videos.library import delete_video
from studio.tests.queue_rows import make_row
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(transaction=True)

ASKED = {"type": "deforum", "prompt": "a sea", "length": 2, "fps": 12, "frameCount": 20}
PICTURES = FramePictures(thumbnail=b"small")


@pytest.fixture(autouse=True)
def in_the_users_scope(user: User, tiny_model: ModelFile) -> Iterator[None]:
    with tenant_scope(user.tenant_id):
        yield


@pytest.fixture
def job(api: APIClient, user: User) -> RenderJob:
    assert api.post("/api/generate", ASKED).status_code == 200
    claimed = queue.claim_next(worker="w", queues=settings.RENDER_QUEUES)
    assert claimed is not None
    return claimed


@pytest.fixture
def port(job: RenderJob, settings: Any, tmp_path: Path) -> Iterator[SteeredPort]:
    settings.WORK_DIR = tmp_path
    made = port_of(job)
    yield made
    made.close()


def port_of(job: RenderJob) -> SteeredPort:
    assert job.lease_id is not None
    return SteeredPort(job, job.lease_id, threading.Event())


def command(job: RenderJob, number: int, kind: str = "snapshot", **fields: Any) -> SteeringCommand:
    fields = {"body": {"name": "x"}, "settled_at": Now() if "state" in fields else None, **fields}
    return SteeringCommand.objects.create(job=job, number=number, kind=kind, **fields)


def show(port: SteeredPort, *frames: int, value: float = 1.0) -> None:
    for index in frames:
        port.frame(index, {"frame": index, "seed": 7, "zoom": value}, PICTURES)


def recorded(job: RenderJob) -> list[tuple[int, float]]:
    rows = FrameRecord.objects.filter(job=job).order_by("frame").values_list("record", flat=True)
    return [(row["frame"], row["zoom"]) for row in rows]


def told(job: RenderJob, kind: str) -> list[Any]:
    return [json.loads(event.data) for event in read_job(job.pk, "0-0").events if event.kind == kind]


def numbers(port: SteeredPort, after: int = 0) -> list[int]:
    return [each.number for each in port.commands(after)]


def test_what_waits_is_read_in_order(job: RenderJob, port: SteeredPort) -> None:
    for number in (3, 1, 2):
        command(job, number)
    command(job, 4, state="refused")
    assert numbers(port) == [1, 2, 3]
    assert numbers(port, after=2) == [3]


def test_loras_are_named_as_the_plan_names_them(job: RenderJob, port: SteeredPort) -> None:
    ModelFile.objects.create(name="Ink", slug="ink", location="inks/black-1.safetensors", model_type="lora")
    body = {"a": "a city <lora:ink:0.7>", "b": "a sea <lora:gold:1>", "morph": 0.5}
    command(job, 1, kind="prompt", body={"a": body["a"]})
    command(job, 2, kind="prompt", body=body)
    known, unknown = port.commands(0)
    assert known.body == {"a": "a city <lora:black-1:0.7>"}
    # What is not installed is refused by the render, in so many words.
    assert unknown.body == body


def test_an_older_state_reads_again_what_was_applied_each_in_its_time(job: RenderJob, port: SteeredPort) -> None:
    command(job, 1, state="applied", read_at_frame=2)
    command(job, 2, state="applied", read_at_frame=4)
    command(job, 3)
    assert numbers(port) == []
    show(port, 0, 1)
    assert numbers(port) == [1]
    show(port, 2, 3)
    assert numbers(port, after=1) == [2, 3]


def test_what_became_of_a_command_is_written_and_told_once(job: RenderJob, port: SteeredPort) -> None:
    command(job, 1)
    command(job, 2)
    show(port, 0, 1)
    numbers(port)
    acks = [Ack(1, 2, {"zoom": 1.5}), Ack(2, 2, {}, "no")]
    port.applied(acks)
    port.applied(acks)
    first, second = SteeringCommand.objects.order_by("number")
    assert (first.state, first.applied_at_frame, first.read_at_frame, first.effective) == (
        "applied",
        2,
        2,
        {"zoom": 1.5},
    )
    assert (second.state, second.refused, second.effective) == ("refused", "no", None)
    assert [(ack["number"], ack["state"]) for ack in told(job, "ack")] == [(1, "applied"), (2, "refused")]


def test_an_ack_that_a_killed_worker_did_not_write_is_written_by_the_next(job: RenderJob, port: SteeredPort) -> None:
    command(job, 1)
    show(port, 0, 1)
    numbers(port)
    port.flush()
    successor = port_of(job)
    successor.progress(Progress("loading", 2, 20))
    # What the state on disk says again.
    successor.applied([Ack(1, 2, {"zoom": 1.5})])
    stored = SteeringCommand.objects.get()
    assert (stored.state, stored.applied_at_frame, stored.read_at_frame) == ("applied", 2, 2)
    assert numbers(successor, after=1) == []
    successor.close()


def test_a_worker_that_lost_its_lease_writes_nothing(job: RenderJob, port: SteeredPort) -> None:
    command(job, 1)
    numbers(port)
    RenderJob.objects.filter(pk=job.pk).update(lease_id=uuid.uuid4())
    port.applied([Ack(1, 0, {})])
    show(port, 0)
    port.flush()
    assert SteeringCommand.objects.get().state == "waiting"
    assert not told(job, "ack")
    assert not FrameRecord.objects.exists()


def test_a_deleted_video_leaves_no_record_of_its_frames(job: RenderJob, port: SteeredPort) -> None:
    show(port, 0)
    port.flush()
    assert FrameRecord.objects.count() == 1
    delete_video(Video.objects.get())
    show(port, 1)
    port.flush()
    assert not FrameRecord.objects.exists()


def test_nothing_is_lost_while_the_database_is_away(job: RenderJob, port: SteeredPort) -> None:
    command(job, 1)
    show(port, 0, 1)
    numbers(port)
    # As after a query that got no answer.
    port._unasked_until = float("inf")
    assert numbers(port) == []
    show(port, 2)
    port.applied([Ack(1, 2, {})])
    port.flush()
    assert SteeringCommand.objects.get().state == "waiting"
    port.finish()
    assert SteeringCommand.objects.get().state == "applied"
    assert recorded(job) == [(0, 1.0), (1, 1.0), (2, 1.0)]


def test_frames_are_shown_and_on_record(job: RenderJob, port: SteeredPort, api: APIClient) -> None:
    show(port, 0, 1, 2)
    port.flush()
    assert recorded(job) == [(0, 1.0), (1, 1.0), (2, 1.0)]
    rows = api.get(f"/api/video-jobs/{job.pk}/frames?start=1&end=1").json()["data"]
    assert [(row["frame"], row["zoom"]) for row in rows] == [(1, 1.0)]
    assert b"".join(api.get(rows[0]["thumbnail_url"])) == b"small"
    assert api.get(rows[0]["thumbnail_url"].replace("/frames/", "/frames/x")).status_code == 404
    frame = told(job, "frame")[0]
    assert (frame["frame"], frame["seed"], frame["effective"]) == (0, 7, {"zoom": 1.0, "seed": 7})


def test_the_frames_of_a_restyled_video_are_not_kept(user: User) -> None:
    make_row(user)
    claimed = queue.claim_next(worker="w", queues=settings.RENDER_QUEUES)
    assert claimed is not None
    port = port_of(claimed)
    assert not port.live
    port.progress(Progress("rendering", 1, 10, b"a picture"))
    assert [frame["frame"] for frame in told(claimed, "frame")] == [0], "the newest is shown all the same"
    port.close()


@pytest.mark.parametrize("query", ["start=-1", "start=x", "end=1.5", "start=3&end=2", "end=-1", f"start={2**60}"])
def test_ranges_that_are_none(job: RenderJob, api: APIClient, query: str) -> None:
    answer = api.get(f"/api/video-jobs/{job.pk}/frames?{query}")
    assert answer.status_code == 422
    assert set(answer.json()["data"]) <= {"start", "end"}


def test_a_rewind_takes_frames_back(job: RenderJob, port: SteeredPort) -> None:
    command(job, 1, "rewind", body={"frame": 1})
    show(port, 0, 1, 2, 3)
    numbers(port)
    port.applied([Ack(1, 2, {"frame": 1})])
    port.flush()
    assert [frame for frame, _ in recorded(job)] == [0, 1]
    assert thumbnail(job.pk, 1) == b"small"
    assert thumbnail(job.pk, 2) is None
    assert told(job, "rewind") == [{"frame": 1}]
    assert SteeringCommand.objects.get().read_at_frame == 4, "and not where it turned back to"
    show(port, 2, value=2.0)
    port.flush()
    assert recorded(job)[-1] == (2, 2.0)


def test_a_loop_makes_frames_anew_and_a_pause_shows_one_again(job: RenderJob, port: SteeredPort) -> None:
    show(port, 0, 1, 2)
    show(port, 2)
    assert not told(job, "rewind")
    show(port, 1, value=3.0)
    show(port, 1, value=4.0)
    port.flush()
    assert recorded(job) == [(0, 1.0), (1, 4.0)]
    assert told(job, "rewind") == [{"frame": 0}, {"frame": 0}]


def test_what_an_earlier_attempt_could_not_write_is_filled_in(job: RenderJob, port: SteeredPort) -> None:
    folder = port.work_dir / "frames"
    folder.mkdir(parents=True)
    lines = [json.dumps({"frame": index, "zoom": 5.0, "sha256": "x"}) for index in range(3)]
    (folder / "frames.jsonl").write_text("\n".join(lines) + "\n")
    FrameRecord.objects.create(job=job, frame=0, record={"frame": 0, "zoom": 1.0})
    port.progress(Progress("loading", 3, 20))
    show(port, 3)
    port.flush()
    assert recorded(job) == [(0, 1.0), (1, 5.0), (2, 5.0), (3, 1.0)]


def test_a_pause_is_told_and_ends_with_patience(job: RenderJob, port: SteeredPort, settings: Any) -> None:
    settings.PAUSE_SECONDS = 0.05
    assert port.paused(4)
    assert [state["paused"] for state in told(job, "state")[-1:]] == [True]
    while port.paused(4):
        pass
    show(port, 4)
    assert [state["paused"] for state in told(job, "state")[-1:]] == [False]
    assert port.paused_seconds >= 0.05


def test_a_bell_is_heard_that_rang_before(job: RenderJob) -> None:
    ring(job.pk)
    ring(job.pk)
    listener, began = Listener(job.pk), time.monotonic()
    assert listener.wait(LONGEST_WAIT)
    assert time.monotonic() - began < LONGEST_WAIT, "at once"
    listener.close()


def test_who_watches_is_told_what_is_live(job: RenderJob, port: SteeredPort) -> None:
    Steering.objects.create(job=job, state={"live": {"zoom": {"mode": "add"}}})
    port.applied([])
    assert Steering.objects.get().state["live"] == {}, "of an attempt that begins with nothing"
