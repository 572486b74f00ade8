"""The board of workers and the pages of queues, over HTTP: drained and resumed with a reason, once, by operations."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import django_rq
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from config.platform import redis_link
from studio.models import RenderJob, WorkerDrain
from studio.services.jobs import workers
from studio.services.jobs.queue import claim_next
from studio.tests.queue_rows import make_row
from studio.tests.test_drains import HERE, dead_redis, reported
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

__all__ = ["dead_redis"]

pytestmark = pytest.mark.django_db

BOARD = "/admin/renders/workers/"
SCRIPT = "<script>window.broken=1</script>"


@pytest.fixture(autouse=True)
def nobody_else(servers: None) -> Iterator[None]:
    redis_link.client().delete(workers._KEY)
    yield
    redis_link.client().delete(workers._KEY)


def staff(make_user: UserFactory, group: str) -> Client:
    person = make_user(name=group, email=f"{group}@example.com")
    person.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def operator(make_user: UserFactory) -> Client:
    return staff(make_user, "operations")


def act(verb: str, name: str) -> str:
    return reverse("admin:render_worker_act", args=[verb, name])


def test_the_board_says_who_is_where_and_renders_what(operator: Client, user: User) -> None:
    assert "No worker is there." in operator.get(BOARD).text
    reported("gpu-1")
    reported("gpu-2", machine="elsewhere", ago=workers.SILENT_AFTER + 1)
    reported(SCRIPT, machine=SCRIPT)
    make_row(user)
    job = claim_next(worker="gpu-1", queues=django_settings.RENDER_QUEUES)
    assert job is not None
    text = operator.get(BOARD).text
    assert SCRIPT not in text
    for shown in (
        "cuda:0 H200", "1.0 GiB of 128.0 GiB", "tiny", "working", "silent", f"/admin/studio/renderjob/{job.pk}/change/",
        "0 / 10 frames", user.email, f"{HERE}, process 7, since ", "Drain machine elsewhere",
    ):  # fmt: skip
        assert shown in text, shown


def test_a_render_of_nobody_known_harms_no_board(operator: Client, user: User) -> None:
    make_row(user)
    job = claim_next(worker="gpu-1", queues=django_settings.RENDER_QUEUES)
    assert job is not None
    with all_tenants():
        RenderJob.objects.filter(pk=job.pk).update(worker="")
    answer = operator.get(BOARD)
    assert answer.status_code == 200
    assert "No worker is there." in answer.text


def test_operations_drain_and_resume_with_a_reason(operator: Client) -> None:
    reported("gpu-1")
    assert operator.get(act("drain", "gpu-1")).status_code == 200
    for wrong in ({}, {"reason": " "}, {"reason": "x" * 501}):
        assert operator.post(act("drain", "gpu-1"), wrong).status_code == 422
    assert not WorkerDrain.objects.exists()
    done = operator.post(act("drain", "gpu-1"), {"reason": f"a fan {SCRIPT}"}, follow=True)
    assert "gpu-1 is drained" in done.text
    assert "drained" in done.text
    assert SCRIPT not in done.text
    assert "by operations@example.com" in done.text
    second = operator.post(act("drain", "gpu-1"), {"reason": "mine, typed"})
    assert second.status_code == 409
    assert "drained already" in second.text
    assert "mine, typed" in second.text
    operator.post(act("resume", "gpu-1"), {"reason": "done"})
    assert operator.post(act("resume", "gpu-1"), {"reason": "again"}).status_code == 409
    assert not WorkerDrain.objects.exists()
    assert list(AuditEntry.objects.filter(event__startswith="worker.").values_list("event", flat=True)) == [
        "worker.resumed", "worker.drained",
    ]  # fmt: skip


def test_a_machine_is_drained_and_shown_with_its_workers(operator: Client) -> None:
    reported("gpu-1")
    here = socket.gethostname()
    operator.post(act("drain", here), {"reason": "a reboot"})
    text = operator.get(BOARD).text
    assert f"Resume machine {here}" in text
    assert "a reboot" in text


@pytest.mark.parametrize("group", ["support", "finance", "moderation"])
def test_others_are_refused(make_user: UserFactory, group: str) -> None:
    reported("gpu-1")
    client = staff(make_user, group)
    for verb in ("drain", "resume"):
        assert client.get(act(verb, "gpu-1")).status_code == 403
        assert client.post(act(verb, "gpu-1"), {"reason": "r"}).status_code == 403
    assert not WorkerDrain.objects.exists()


def test_forged_names_verbs_and_forms(operator: Client) -> None:
    reported("gpu-1")
    for name in ("nobody", SCRIPT, "a/b", "../x", "gpu-1%00", "x" * 500):
        answer = operator.post(act("drain", name), {"reason": "r"})
        assert answer.status_code == 404, name
        assert SCRIPT not in answer.text
    for verb in ("explode", "delete"):
        assert operator.post(act(verb, "gpu-1"), {"reason": "r"}).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    assert strict.post(act("drain", "gpu-1"), {"reason": "r"}).status_code == 403
    assert not WorkerDrain.objects.exists()


def test_without_redis_the_board_says_so(operator: Client, dead_redis: None) -> None:
    answer = operator.get(BOARD)
    assert answer.status_code == 200
    assert "Redis does not answer" in answer.text
    refused = operator.post(act("drain", "gpu-1"), {"reason": "kept"})
    assert refused.status_code == 503
    assert "kept" in refused.text


class TestQueues:
    @pytest.fixture
    def place(self) -> Any:
        """Number of the queue, and a message in it."""
        queue = django_rq.get_queue(django_settings.BACKGROUND_QUEUE, commit_mode="auto")
        queue.empty()
        job = queue.enqueue("accounts.tasks.mail_verification", 0)
        return list(django_settings.RQ_QUEUES).index(django_settings.BACKGROUND_QUEUE), job.id

    def test_operations_look_and_do_nothing(self, operator: Client, make_user: UserFactory, place: Any) -> None:
        number, job = place
        pages = ["", f"queues/{number}/", f"queues/{number}/details/", f"queues/{number}/{job}/", f"workers/{number}/"]
        pages += [f"queues/{number}/{name}/" for name in ("failed", "finished", "started", "deferred", "scheduled")]
        support = staff(make_user, "support")
        for page in pages:
            answer = operator.get(f"/django-rq/{page}")
            assert answer.status_code == 200, page
            assert "unsafe-inline" not in answer["Content-Security-Policy"].split("script-src")[-1].split(";")[0] or (
                "script-src" not in answer["Content-Security-Policy"]
            )
            assert "onclick=" not in answer.text
            assert "$(document)" not in answer.text, page
            assert "staff/queues.css" in answer.text
            assert support.get(f"/django-rq/{page}").status_code == 403, page
        for act in (f"{job}/delete/", f"{job}/requeue/", "empty/"):
            assert operator.post(f"/django-rq/queues/{number}/{act}").status_code == 403

    def test_what_is_done_is_in_the_audit_log(self, client: Client, make_user: UserFactory, place: Any) -> None:
        number, job = place
        chief = make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR)
        client.force_login(chief)
        assert client.post(f"/django-rq/queues/{number}/{job}/delete/").status_code == 302
        entry = AuditEntry.objects.get(event="queue.acted")
        assert entry.actor == chief
        assert entry.detail == {"act": "delete_job", "where": {"queue_index": str(number), "job_id": job}, "jobs": []}
