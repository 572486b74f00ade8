"""What staff do with renders: by the rules of everybody, with who and why in the audit log, and one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import django_rq
import pytest
from django.conf import settings
from django.db import connection

from accounts.models import AuditEntry, User
from config.api.errors import Conflict, DomainError, ValidationFailed
from studio.models import ModelFile, QueueTurn, RenderJob, Video
from studio.services.jobs.by_staff import cancel_by_staff, move_to_queue, retry_by_staff, set_priority
from studio.services.jobs.drains import drain, resume
from studio.services.jobs.lifecycle import cancel_render, queue_render
from studio.services.jobs.pauses import pause_render, resume_render
from studio.services.jobs.queue import claim_next
from studio.services.videos.library import prepare_preview
from studio.tests.queue_rows import ensure_counted, make_row
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_staff_pages_do() -> Iterator[None]:
    with all_tenants():
        yield


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    return make_user(name="operator", role=User.Role.ADMINISTRATOR)


def entry(event: str) -> dict[str, Any]:
    (found,) = AuditEntry.objects.filter(event=event)
    assert isinstance(found.detail, dict)
    return {**found.detail, "who": found.actor, "whose": found.subject}


def refusal(code: str, status: int, act: Callable[[], object]) -> str:
    before = AuditEntry.objects.count()
    with pytest.raises(DomainError) as refused:
        act()
    assert (refused.value.code, refused.value.status) == (code, status)
    assert AuditEntry.objects.count() == before, "what was refused was not done"
    return str(refused.value)


def test_cancel_is_told_with_who_and_why(user: User, staff: User) -> None:
    job = make_row(user)
    cancel_by_staff(job, by=staff, reason="a copyright claim")
    assert RenderJob.objects.get(pk=job.pk).status == "cancelled"
    assert entry("render.cancelled") == {
        "render": job.pk, "before": "queued", "after": "cancelled", "reason": "a copyright claim", "who": staff,
        "whose": user,
    }  # fmt: skip
    said = refusal("job_finished", 409, lambda: cancel_by_staff(job, by=staff, reason="again"))
    assert said == "This render is cancelled."


def test_a_render_waits_in_another_queue(user: User, staff: User) -> None:
    job = make_row(user)
    django_rq.get_queue("high").empty()
    move_to_queue(job, "high", by=staff, reason="a demo", seen="low")
    assert RenderJob.objects.get(pk=job.pk).queue == "high"
    assert dict(QueueTurn.objects.values_list("queue", "waiting")) == {"low": 0, "high": 1}
    ensure_counted()
    moved = entry("render.moved")
    assert (moved["before"], moved["after"], moved["reason"], moved["whose"]) == ("low", "high", "a demo", user)
    assert "already" in refusal("validation_error", 422, lambda: move_to_queue(job, "high", by=staff, reason="r"))
    taken = claim_next(worker="w", queues=settings.RENDER_QUEUES)
    assert taken == job
    refusal("not_waiting", 409, lambda: move_to_queue(job, "low", by=staff, reason="r"))
    cancel_render(RenderJob.objects.get(pk=job.pk))
    refusal("job_finished", 409, lambda: move_to_queue(job, "low", by=staff, reason="r"))


@pytest.mark.parametrize("name", ["", "nowhere", "background", "HIGH", "high ", "low\0"])
def test_there_is_no_other_queue(user: User, staff: User, name: str) -> None:
    job = make_row(user)
    refusal("validation_error", 422, lambda: move_to_queue(job, name, by=staff, reason="r"))
    assert RenderJob.objects.get(pk=job.pk).queue == "low"


def test_a_render_comes_before_others_of_its_owner(user: User, staff: User) -> None:
    older, newer = make_row(user), make_row(user)
    set_priority(newer, 50, by=staff, reason="asked by mail", seen=0)
    assert claim_next(worker="w", queues=settings.RENDER_QUEUES) == newer
    raised = entry("render.prioritised")
    assert (raised["before"], raised["after"], raised["render"]) == (0, 50, newer.pk)
    refusal("not_waiting", 409, lambda: set_priority(newer, 1, by=staff, reason="r"))
    set_priority(older, -100, by=staff, reason="r")
    ensure_counted()


def test_a_paused_render_comes_back_where_staff_have_moved_it(user: User, staff: User) -> None:
    make_row(user, workflow="deforum")
    taken = claim_next(worker="w", queues=settings.RENDER_QUEUES)
    assert taken is not None
    assert taken.lease_id is not None
    assert pause_render(taken, lease_id=taken.lease_id)
    move_to_queue(taken, "high", by=staff, reason="r", seen="low")
    set_priority(taken, 9, by=staff, reason="r", seen=0)
    ensure_counted()
    assert RenderJob.objects.get(pk=taken.pk).status == "paused"
    assert resume_render(RenderJob.objects.get(pk=taken.pk))
    again = claim_next(worker="w", queues=["high"])
    assert (again, again.priority if again else None) == (taken, 9)


@pytest.mark.parametrize("number", [-101, 101, 32768, 10**12])
def test_a_priority_has_bounds(user: User, staff: User, number: int) -> None:
    job = make_row(user)
    with pytest.raises(ValidationFailed) as refused:
        set_priority(job, number, by=staff, reason="r")
    assert list(refused.value.fields) == ["priority"]


def test_what_an_encoder_outside_has_is_in_no_queue_of_ours(user: User, staff: User) -> None:
    job = make_row(user, provider="external")
    refusal("not_waiting", 409, lambda: move_to_queue(job, "high", by=staff, reason="r"))
    refusal("not_waiting", 409, lambda: set_priority(job, 3, by=staff, reason="r"))


def test_whoever_decided_on_an_old_page_is_told_so(user: User, staff: User) -> None:
    job = make_row(user)
    move_to_queue(job, "high", by=staff, reason="first", seen="low")
    said = refusal("conflict", 409, lambda: move_to_queue(job, "medium", by=staff, reason="second", seen="low"))
    assert "high now, and was low" in said
    set_priority(job, 5, by=staff, reason="first", seen=0)
    refusal("conflict", 409, lambda: set_priority(job, 7, by=staff, reason="second", seen=0))
    assert RenderJob.objects.values_list("queue", "priority").get(pk=job.pk) == ("high", 5)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_move_it_at_once_one_is_told(user: User, staff: User) -> None:
    job = make_row(user)
    start, said = threading.Barrier(2), []

    def move(queue: str) -> None:
        try:
            with all_tenants():
                start.wait()
                move_to_queue(job, queue, by=staff, reason=queue, seen="low")
                said.append("moved")
        except Conflict:
            said.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=(queue,)) for queue in ("high", "medium")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["conflict", "moved"]
    moved = entry("render.moved")
    assert RenderJob.objects.get(pk=job.pk).queue == moved["after"]
    ensure_counted()


@pytest.mark.django_db(transaction=True)
def test_retry_is_a_new_render_of_the_owner(user: User, staff: User, tiny_model: ModelFile) -> None:
    with tenant_scope(user.tenant_id):
        body = {"prompt": "a meadow", "length": 1, "frameCount": 2}
        job = queue_render(prepare_preview(user=user, video=None, type=Video.Type.DEFORUM, parameters=body))
    refusal("not_retryable", 422, lambda: retry_by_staff(job, by=staff, reason="r"))
    cancel_render(job)
    again = retry_by_staff(job, by=staff, reason="our fault")
    assert (again.owner, again.video, again.status) == (user, job.video, "queued")
    told = entry("render.retried")
    assert (told["render"], told["again"], told["who"], told["reason"]) == (job.pk, again.pk, staff, "our fault")
    refusal("video_busy", 422, lambda: retry_by_staff(job, by=staff, reason="twice"))


@pytest.mark.parametrize("reason", ["", "  ", "\u200b", "x" * 501])
def test_every_verb_asks_why(user: User, staff: User, reason: str) -> None:
    job = make_row(user)
    verbs: list[Callable[[], object]] = [
        lambda: cancel_by_staff(job, by=staff, reason=reason),
        lambda: retry_by_staff(job, by=staff, reason=reason),
        lambda: move_to_queue(job, settings.HIGH_PRIORITY_QUEUE, by=staff, reason=reason),
        lambda: set_priority(job, 7, by=staff, reason=reason),
        lambda: drain("somebody", by=staff, reason=reason),
        lambda: resume("somebody", by=staff, reason=reason),
    ]
    for verb in verbs:
        with pytest.raises(ValidationFailed, match="reason"):
            verb()
