"""Renders that are steered while a real worker makes them, over HTTP and back to the same frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from commerce.services.audit import audit
from commerce.services.wallets import open_credit_wallet
from studio.models import FrameRecord, ModelFile, RenderJob, SteeringCommand
from studio.models.jobs import seconds_from_now
from studio.services.jobs import lifecycle as jobs
from studio.tests.test_steering import Console
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.renders import DEFORUM, Row, ask, frame_hashes, newest, result, watch
from tests.waiting import until
from tests.worker import WorkerProcess

# A worker imports torch and renders for real: on a busy machine that takes its time.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

AT_ONCE = {"PAUSE_SECONDS": "0"}
PATIENT = {"PAUSE_SECONDS": "600"}
TILT = {"values": {"angle": {"value": 7.5, "mode": "add"}}}
SLOW = {**DEFORUM, "steps": 40}


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    return tiny_model


class Session(Console):
    """A final render whose controls are taken before any worker has it."""

    def __init__(self, api: APIClient, preview: Row) -> None:
        self.row = ask(api, "/api/finalize", videoId=preview["videoId"])
        super().__init__(api, self.row["job_id"])
        assert self.take().status_code == 200
        self.number = 0

    def order(self, kind: str, **body: Any) -> int:
        """Give a command; answers its number."""
        self.number += 1
        # A page that waits for a busy machine may have lost the controls.
        self.take()
        answer = self.give(self.number, kind, **body)
        assert answer.status_code == 201, answer.json()
        return self.number

    def acked(self, number: int) -> Row:
        """The command once it is settled."""

        def look() -> Row | None:
            row: Row = self.api.get(f"{self.path}/commands?after={number - 1}").json()["data"][0]
            return row if row["state"] != "waiting" else None

        return until(look, f"ack of command {number}")

    def until_status(self, status: str) -> Row:
        def look() -> Row | None:
            shown: Row = self.shown()
            return shown if shown["job_status"] == status else None

        return until(look, f"render that is {status}")

    def until_frame(self, frame: int) -> None:
        until(lambda: (self.shown()["frame"] or 0) >= frame, f"frame {frame}")

    def records(self) -> list[Row]:
        found: list[Row] = self.api.get(f"{self.path}/frames").json()["data"]
        return found

    def finished(self) -> Row:
        return watch(self.api, self.row, "finished")


def sessions(api: APIClient, count: int, **asked: Any) -> list[Session]:
    """So many of the same film."""
    previews = [ask(api, "/api/generate", **{**DEFORUM, **asked}) for _ in range(count)]
    with WorkerProcess("--burst") as worker:
        worker.wait()
    return [Session(api, preview) for preview in previews]


def replayed(session: Session, folder: Path) -> list[str]:
    """The frames of a render of the session's record, that nobody disturbs."""
    answer = session.api.get(f"{session.path}/record")
    assert answer.status_code == 200, answer.json()
    assert answer["Content-Disposition"].startswith("attachment")
    record = answer.json()
    preview = ask(session.api, "/api/generate", type="deforum", schedules=record)
    watch(session.api, preview, "preview")
    row = watch(session.api, ask(session.api, "/api/finalize", videoId=preview["videoId"]), "finished")
    return frame_hashes(session.api, row, folder)


def test_a_session_is_rendered_again_to_the_same_frames(api: APIClient, tmp_path: Path) -> None:
    [session] = sessions(api, 1, **SLOW)
    paused = session.order("pause")
    with WorkerProcess(environment=PATIENT):
        assert session.acked(paused)["applied_at_frame"] == 3, "the first after the preview's"
        shown = until(lambda: (now := session.shown())["paused"] and now, "pause")
        assert shown["job_status"] == "running"
        tilted = session.acked(session.order("set", **TILT))
        assert (tilted["state"], tilted["applied_at_frame"]) == ("applied", 3)
        assert session.shown()["live"]["angle"] == {"mode": "add", "value": 7.5, "target": 7.5, "frames_left": 0}
        session.acked(session.order("resume"))
        session.until_frame(6)
        smooth = {"values": {"zoom": {"value": 1.1, "mode": "replace"}}, "frames": 4, "easing": "linear"}
        zoomed = session.acked(session.order("set_smooth", **smooth))
        prompted = session.acked(session.order("prompt", a="a city of salt", b="a forest", morph=0.5))
        row = session.finished()
        frames = frame_hashes(api, row, tmp_path)
        records = session.records()
        assert [record["frame"] for record in records] == list(range(24))
        plain = [0.0 if i == 0 else None for i in range(24)]
        assert plain[0] == records[0]["angle"]
        assert records[3]["angle"] == pytest.approx(20 * 3 / 23 + 7.5), "schedule and live value together"
        at = zoomed["applied_at_frame"]
        way = [record["zoom"] for record in records[at - 1 : at + 5]]
        assert way == pytest.approx([1.02, 1.04, 1.06, 1.08, 1.1, 1.1])
        said = [record["prompts"] for record in records]
        assert said[prompted["applied_at_frame"]] != said[prompted["applied_at_frame"] - 1]
        assert replayed(session, tmp_path) == frames
    with all_tenants():
        assert audit() == []


def test_the_worker_renders_anothers_job_while_one_is_paused(
    api: APIClient, make_user: UserFactory, client_of: Callable[[User], APIClient], tmp_path: Path
) -> None:
    session, plain = sessions(api, 2)
    number = session.order("pause")
    with WorkerProcess(environment=AT_ONCE):
        undisturbed = frame_hashes(api, plain.finished(), tmp_path)
        shown = session.until_status("paused")
        assert (shown["paused"], shown["frame"]) == (True, 2)
        assert session.acked(number)["state"] == "applied"
        other = client_of(make_user())
        watch(other, ask(other, "/api/generate", **{**DEFORUM, "frameCount": 1}), "preview")
        assert session.shown()["job_status"] == "paused", "its worker is the only one"
        session.order("resume")
        assert frame_hashes(api, session.finished(), tmp_path) == undisturbed


def test_a_rewind_makes_the_same_frames_again(api: APIClient, tmp_path: Path) -> None:
    session, plain = sessions(api, 2, **SLOW)
    with WorkerProcess(environment=PATIENT):
        session.until_frame(10)
        session.acked(session.order("pause"))
        rewound = session.acked(session.order("rewind", frame=6, restore_values=False))
        assert (rewound["state"], rewound["applied_at_frame"]) == ("applied", 7)
        kept = until(lambda: (found := session.records()) and len(found) == 7 and found, "seven frames")
        assert [record["frame"] for record in kept] == list(range(7))
        assert api.get(f"{session.path}/frames/6").status_code == 200
        assert api.get(f"{session.path}/frames/8").status_code == 404, "no picture of what is gone"
        session.acked(session.order("resume"))
        frames = frame_hashes(api, session.finished(), tmp_path)
        assert frames == frame_hashes(api, plain.finished(), tmp_path)


def test_a_film_that_is_stopped_is_finished_and_paid_as_it_is(
    api: APIClient, user: User, model: ModelFile, tmp_path: Path
) -> None:
    ModelFile.objects.filter(pk=model.pk).update(price_per_frame=1)
    [session] = sessions(api, 1, **SLOW)
    before = int(open_credit_wallet(user=user).balance)
    with WorkerProcess(environment=AT_ONCE):
        session.until_frame(8)
        session.order("pause")
        session.until_status("paused")
        session.order("stop")
        hashes, _, info = result(api, session.finished(), tmp_path)
    job = newest(user)
    assert 8 < len(hashes) < 24
    assert len(hashes) == info.frame_count == job.frames_done == job.frames_total == job.price
    assert int(open_credit_wallet(user=user).balance) == before - len(hashes)
    late = session.give(99, "pause")
    assert (late.status_code, late.json()["code"]) == (409, "job_finished")
    with all_tenants():
        assert audit() == []


def test_a_film_that_becomes_longer(api: APIClient, user: User, tmp_path: Path) -> None:
    [session] = sessions(api, 1)
    extended = session.order("extend", frames=6)
    with WorkerProcess(environment=AT_ONCE):
        hashes, _, info = result(api, session.finished(), tmp_path)
        assert session.acked(extended)["state"] == "applied"
        assert len(hashes) == info.frame_count == newest(user).frames_total == 30
        assert replayed(session, tmp_path) == hashes


def test_a_killed_worker_leaves_the_film_that_its_record_tells_of(api: APIClient, user: User, tmp_path: Path) -> None:
    [session] = sessions(api, 1, **SLOW)
    with WorkerProcess(environment=PATIENT) as worker:
        session.until_frame(6)
        session.acked(session.order("set", **TILT))
        # Nobody waits for these: the worker may be killed before it reads them, between, or after.
        for value in (0.98, 0.99, 1.01):
            session.order("set", values={"zoom": {"value": value, "mode": "replace"}})
        worker.kill()
    assert newest(user).status == RenderJob.Status.RUNNING, "nobody has noticed yet"
    with WorkerProcess(environment=PATIENT):
        with all_tenants():
            RenderJob.objects.filter(pk=newest(user).pk).update(lease_expires_at=seconds_from_now(-1))
        assert jobs.reap()["requeued"] == 1
        frames = frame_hashes(api, session.finished(), tmp_path)
        records = session.records()
        with all_tenants():
            commands = list(SteeringCommand.objects.filter(job=newest(user)))
        assert [command.state for command in commands] == ["applied"] * 4
        at = [command.applied_at_frame for command in commands]
        assert at == sorted(at)
        assert [record["zoom"] for record in records[at[3] :]] == [1.01] * (24 - at[3]), "the last one holds"
        assert [record["zoom"] for record in records[: at[1]]] == [1.02] * at[1], "and none came early"
        assert replayed(session, tmp_path) == frames


def test_another_machine_goes_on_with_the_same_film(api: APIClient, user: User, tmp_path: Path) -> None:
    session, plain = sessions(api, 2)
    for each in (session, plain):
        each.order("pause")
        each.order("set", **TILT)
    with WorkerProcess(environment=PATIENT) as worker:
        session.acked(2)
        session.acked(session.order("resume"))
        session.until_frame(5)
        session.acked(session.order("pause"))
        worker.stop()
    assert session.shown()["job_status"] == "paused", "whoever stops a worker does not resume what stands"
    with WorkerProcess(environment={**PATIENT, "WORK_DIR": str(tmp_path / "elsewhere")}):
        session.order("resume")
        frames = frame_hashes(api, session.finished(), tmp_path)
        plain.acked(2)
        plain.order("resume")
        assert frames == frame_hashes(api, plain.finished(), tmp_path)


def test_without_redis_commands_are_read_all_the_same(api: APIClient, tmp_path: Path) -> None:
    [session] = sessions(api, 1)
    session.order("pause")
    nowhere = {**PATIENT, "REDIS_URL": "redis://127.0.0.1:1/0"}
    with WorkerProcess(environment=nowhere):
        assert session.acked(1)["applied_at_frame"] == 3
        assert session.acked(session.order("set", **TILT))["state"] == "applied"
        assert api.get(f"{session.path}/frames/3").status_code == 404, "nobody sees pictures"
        session.order("resume")
        session.finished()
    assert [record["frame"] for record in session.records()] == list(range(24))


def test_records_of_renders_that_have_long_been_over_are_swept(api: APIClient, user: User) -> None:
    from studio.services.steering.records import sweep_records

    [session] = sessions(api, 1)
    with WorkerProcess("--burst") as worker:
        worker.wait()
    with all_tenants():
        assert FrameRecord.objects.filter(job=newest(user)).count() == 24
        RenderJob.objects.update(finished_at=seconds_from_now(-25 * 3600))
    # As the reaper calls it, which is in no tenant's scope.
    assert sweep_records() >= 24
    with all_tenants():
        assert not FrameRecord.objects.exists()
    assert [record["frame"] for record in session.records()] == list(range(24)), "of the stored table"
