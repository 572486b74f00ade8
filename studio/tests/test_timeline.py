"""What became of a render is written down, whoever made it so, and nobody else reads it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from studio.models import RenderEvent, RenderJob
from studio.models.jobs import lease_end, seconds_from_now
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs import pauses
from studio.services.jobs.by_staff import cancel_by_staff, move_to_queue, set_priority
from studio.services.jobs.queue import claim_next
from studio.services.jobs.timeline import SWEPT_AT_ONCE, sweep_events, timeline_of
from studio.services.personal_data import erase_work
from studio.tests.queue_rows import execute, make_row
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db


def claim(worker: str = "gpu-1") -> RenderJob:
    job = claim_next(worker=worker, queues=settings.RENDER_QUEUES)
    assert job is not None
    return job


def words(job: RenderJob) -> list[str]:
    return [step.what for step in timeline_of(job)]


def test_each_step_has_its_attempt_and_worker(user: User) -> None:
    job = make_row(user)
    with all_tenants():
        first = claim("gpu-1")
        first.held(first.lease_id).update(frames_done=4)
        jobs.end_attempt(first, lease_id=first.lease_id, code="worker_lost", cause="OSError: gone\n\nTraceback")
        second = claim("gpu-2")
        jobs.fail_render(second, lease_id=second.lease_id, code="model_broken", message="It can't be read.")
    steps = timeline_of(job)
    assert [step.what for step in steps] == [
        "queued in low", "claimed, attempt 1", "back in the queue after 4 frames", "claimed, attempt 2",
        "failed after 4 frames",
    ]  # fmt: skip
    assert [step.worker for step in steps] == ["", "gpu-1", "gpu-1", "gpu-2", "gpu-2"]
    assert [step.said for step in steps[2:]] == ["OSError: gone", "", "OSError: gone"]
    assert [step.at for step in steps] == sorted(step.at for step in steps)


def test_an_attempt_that_is_not_counted_is_told_of_all_the_same(user: User) -> None:
    job = make_row(user)
    with all_tenants():
        taken = claim()
        jobs.give_back(taken, lease_id=taken.lease_id, count_attempt=False, cause="OSError: full")
        assert RenderJob.objects.get(pk=job.pk).attempts == 0
    back = timeline_of(job)[-1]
    assert (back.what, back.attempt, back.worker, back.said) == (
        "back in the queue after 0 frames", 1, "gpu-1", "OSError: full",
    )  # fmt: skip


def test_a_pause_and_what_follows(user: User) -> None:
    job = make_row(user, workflow="deforum")
    with all_tenants():
        taken = claim()
        assert pauses.pause_render(taken, lease_id=taken.lease_id)
        assert pauses.resume_render(taken)
        jobs.cancel_render(taken)
    assert words(job) == ["queued in low", "claimed, attempt 1", "paused", "resumed", "cancelled"]


def test_progress_and_heartbeats_are_no_steps(user: User) -> None:
    job = make_row(user)
    with all_tenants():
        taken = claim()
        for frame in range(5):
            taken.held(taken.lease_id).update(frames_done=frame, progress=frame, lease_expires_at=lease_end())
        assert RenderEvent.objects.filter(job=job).count() == 1


def test_sql_at_the_databases_own_door_is_told_of_too(user: User) -> None:
    job = make_row(user)
    with all_tenants():
        execute("UPDATE studio_renderjob SET status = 'cancelled', queue = 'high', priority = 7 WHERE id = %s", job.pk)
    assert set(words(job)) == {"queued in low", "cancelled", "queue low → high", "priority 0 → 7"}


def test_what_staff_did_is_in_it_with_who_and_why(user: User, make_user: UserFactory) -> None:
    staff = make_user(name="operator", role=User.Role.ADMINISTRATOR)
    job, other = make_row(user), make_row(user)
    with all_tenants():
        move_to_queue(job, "high", by=staff, reason="a demo waits")
        set_priority(job, 50, by=staff, reason="and it is late")
        cancel_by_staff(job, by=staff, reason="<b>enough</b>")
        cancel_by_staff(other, by=staff, reason="not of this one")
    steps = timeline_of(job)
    assert steps[0].what == "queued in low", "where it began, not where it is"
    told = {step.what: step.said for step in steps}
    assert told["moved by operator@example.com"] == "a demo waits"
    assert told["prioritised by operator@example.com"] == "and it is late"
    assert told["cancelled by operator@example.com"] == "<b>enough</b>"
    assert "not of this one" not in told.values()


def test_another_tenant_reads_no_step(user: User, make_user: UserFactory) -> None:
    job = make_row(user)
    with all_tenants():
        claim()
    stranger = make_user(name="stranger")
    with tenant_scope(stranger.tenant_id):
        assert not RenderEvent.objects.filter(job=job).exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM studio_renderevent")
            assert cursor.fetchone() == (0,)
    with tenant_scope(user.tenant_id):
        assert RenderEvent.objects.filter(job=job).count() == 1


def test_steps_go_with_the_account(user: User) -> None:
    job = make_row(user, cause="")
    with all_tenants():
        taken = claim()
        jobs.fail_render(taken, lease_id=taken.lease_id, code="x", message="m", cause="a prompt of the user")
    with tenant_scope(user.tenant_id):
        erase_work(user)
        assert not RenderEvent.objects.filter(job=job).exists()


def test_old_steps_are_swept_and_new_ones_kept(user: User, settings: Any) -> None:
    job = make_row(user)
    with all_tenants():
        taken = claim()
        RenderEvent.objects.update(at=timezone.now() - timedelta(days=settings.TIMELINE_DAYS, minutes=1))
        jobs.cancel_render(taken)
        assert sweep_events() == 1
        assert [event.after for event in RenderEvent.objects.filter(job=job)] == ["cancelled"]
        assert sweep_events() == 0
    assert SWEPT_AT_ONCE > 1


def test_what_a_statement_without_a_scope_can_not_move_leaves_no_step(user: User) -> None:
    job = make_row(user)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('studio.tenant', '', false)")
        cursor.execute("UPDATE studio_renderjob SET status = 'cancelled' WHERE id = %s", [job.pk])
        assert cursor.rowcount == 0
    assert words(job) == ["queued in low"]


def test_a_reaped_render_says_whose_lease_ran_out(user: User) -> None:
    job = make_row(user)
    with all_tenants():
        taken = claim(f"gpu-{uuid.uuid4()}")
        taken.held(taken.lease_id).update(lease_expires_at=seconds_from_now(-1))
        assert jobs.reap()["requeued"] == 1
    last = timeline_of(job)[-1]
    assert last.worker == taken.worker
    assert last.said.startswith(f"Worker {taken.worker} renewed its lease last at")
