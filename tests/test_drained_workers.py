"""Real workers that are drained and resumed: each ends what it has, takes nothing, and is back when it is asked."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from config.platform import redis_link
from studio.models import ModelFile, RenderEvent, RenderJob
from studio.services.jobs import workers
from studio.services.jobs.drains import drain, resume
from studio.services.jobs.workers import Report, WorkerRow
from tenants.scope import all_tenants
from tests.fixtures import UserFactory
from tests.renders import DEFORUM, ask, newest, watch
from tests.waiting import until
from tests.worker import WorkerProcess

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def model(tiny_model: ModelFile) -> ModelFile:
    redis_link.client().delete(workers._KEY)
    return tiny_model


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    return make_user(name="operator", role=User.Role.ADMINISTRATOR)


def only() -> Report:
    def one() -> Report | None:
        found = workers.reports()
        return found[0] if len(found) == 1 else None

    return until(one, "one worker that reports itself")


def row_of(name: str) -> WorkerRow:
    return next(row for row in workers.worker_rows() if row["name"] == name)


def state_of(name: str) -> str:
    return (redis_link.client().hget(f"rq:worker:{name}", "state") or b"").decode()


def test_it_ends_its_render_and_claims_no_other_until_it_is_resumed(api: APIClient, user: User, staff: User) -> None:
    with WorkerProcess() as worker:
        worker.until_listening()
        name = only()["name"]
        preview = watch(api, ask(api, "/api/generate", **DEFORUM, steps=40), "preview")
        final = ask(api, "/api/finalize", videoId=preview["videoId"])
        until(lambda: newest(user).frames_done, "final render with a frame")
        drain(name, by=staff, reason="a new driver")
        assert newest(user).worker == name
        watch(api, final, "finished")
        other = ask(api, "/api/generate", **DEFORUM)
        until(lambda: state_of(name) == "suspended", "worker that rests")
        # A look at the rows is due by now: it has waited for longer than it takes to claim.
        beats = only()["seen"]
        until(lambda: only()["seen"] > beats, "worker that reports itself while it rests")
        waiting = newest(user)
        assert (waiting.status, waiting.attempts) == (RenderJob.Status.QUEUED, 0)
        resume(name, by=staff, reason="done")
        watch(api, other, "preview")
    with all_tenants():
        assert set(RenderEvent.objects.exclude(worker="").values_list("worker", flat=True)) == {name}
    assert workers.reports() == [], "a worker that ends is not there"


def test_a_drained_one_leaves_what_waits_to_others(api: APIClient, user: User, staff: User) -> None:
    with WorkerProcess() as first:
        first.until_listening()
        drained = only()["name"]
        drain(drained, by=staff, reason="broken fan")
        with WorkerProcess() as second:
            second.until_listening()
            for _ in range(3):
                watch(api, ask(api, "/api/generate", **DEFORUM), "preview")
    with all_tenants():
        assert drained not in set(RenderJob.objects.values_list("worker", flat=True))


def test_a_worker_says_what_it_has_loaded_and_where(api: APIClient, user: User) -> None:
    with WorkerProcess() as worker:
        worker.until_listening()
        before = only()
        assert (before["models"], before["device"]) == ([], "")
        assert before["pid"] == worker.process.pid
        assert set(before["queues"]) == {"high", "medium", "low"}
        watch(api, ask(api, "/api/generate", **DEFORUM), "preview")
        until(lambda: only()["models"], "model that is told")
        row = row_of(before["name"])
        report = row["report"]
        assert report is not None
        assert report["models"] == ["tiny"]
        assert report["device"].split(":")[0] in ("cpu", "cuda")
        assert 0 < report["memory_used"] < report["memory_total"]
        assert row["alive"]
        assert row["job"] is None


def test_a_drained_worker_can_be_stopped(staff: User) -> None:
    with WorkerProcess() as worker:
        worker.until_listening()
        name = only()["name"]
        drain(name, by=staff, reason="r")
        until(lambda: state_of(name) == "suspended", "worker that rests")
        worker.stop()
        assert worker.process.returncode == 0
