"""The queue: leases, turns between users, priorities, the reaper, the figures."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import django_rq
import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from config.api.errors import DomainError
from studio.models import RenderJob, Video
from studio.providers.lease import LeasedPort
from studio.rendering.ports import Progress
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs import queue
from studio.services.jobs.places import QueueSnapshot
from studio.tests.queue_rows import make_row
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

QUEUES = settings.RENDER_QUEUES
JobFactory = Callable[..., RenderJob]


@pytest.fixture(autouse=True)
def as_the_system() -> Iterator[None]:
    """The queue's verbs run in the job's tenant or, as here and in the reaper, over all."""
    with all_tenants():
        yield


@pytest.fixture
def make_job(db: None) -> JobFactory:
    return make_row


def claim() -> RenderJob | None:
    return queue.claim_next(worker="w", queues=QUEUES)


def claim_all() -> list[RenderJob]:
    claimed = []
    while (job := claim()) is not None:
        claimed.append(job)
    return claimed


def reloaded(job: RenderJob) -> RenderJob:
    return RenderJob.objects.select_related("video").get(pk=job.pk)


def test_a_claim_takes_queues_in_order_and_priority_within(make_job: JobFactory, user: User) -> None:
    low = make_job(user)
    urgent = make_job(user, priority=7)
    high = make_job(user, queue=settings.HIGH_PRIORITY_QUEUE)
    medium = make_job(user, queue=settings.MEDIUM_PRIORITY_QUEUE)
    assert claim_all() == [high, medium, urgent, low]


def test_a_worker_of_one_queue_leaves_the_others(make_job: JobFactory, user: User) -> None:
    make_job(user)
    assert queue.claim_next(worker="w", queues=[settings.HIGH_PRIORITY_QUEUE]) is None


def test_users_take_turns(make_job: JobFactory, make_user: UserFactory) -> None:
    greedy, modest = make_user(), make_user()
    many = [make_job(greedy) for _ in range(4)]
    one = make_job(modest)
    order = [job.owner_id for job in claim_all()]
    assert order.index(modest.pk) == 1, "the newcomer's only job comes second, not after everyone's"
    assert {one.owner_id, *[j.owner_id for j in many]} == set(order)


def test_turns_go_to_whoever_was_served_longest_ago(make_job: JobFactory, make_user: UserFactory) -> None:
    first, second = make_user(), make_user()
    for owner in (first, first, second, second):
        make_job(owner)
    order = []
    while (job := claim()) is not None:
        order.append(job.owner_id)
        jobs.fail_render(job, lease_id=job.lease_id, code="x", message="over")
    assert order == [first.pk, second.pk, first.pk, second.pk]


def test_who_has_fewer_running_goes_before_who_was_served_longer_ago(
    make_job: JobFactory, make_user: UserFactory
) -> None:
    busy, idle = make_user(), make_user()
    for owner in (busy, busy, idle, idle):
        make_job(owner)
    claim()
    over = claim()
    assert over is not None
    jobs.fail_render(over, lease_id=over.lease_id, code="x", message="over")
    assert [job.owner_id for job in claim_all()] == [idle.pk, busy.pk]


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_claim_the_same_job(make_job: JobFactory, make_user: UserFactory) -> None:
    expected = {make_job(make_user()).pk for _ in range(6)}
    claimed: list[int] = []
    barrier = threading.Barrier(3)

    def work() -> None:
        try:
            barrier.wait()
            claimed.extend(job.pk for job in claim_all())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(expected)


def test_the_video_shows_what_its_render_does(make_job: JobFactory, user: User) -> None:
    job = make_job(user)
    claimed = claim()
    assert claimed is not None
    assert reloaded(job).video.status == Video.Status.RUNNING
    assert jobs.give_back(claimed, lease_id=claimed.lease_id, count_attempt=False)
    assert (reloaded(job).status, reloaded(job).attempts) == ("queued", 0)
    assert reloaded(job).video.status == Video.Status.QUEUED


def test_a_lost_lease_moves_nothing(make_job: JobFactory, user: User) -> None:
    make_job(user)
    job = claim()
    assert job is not None
    assert not jobs.fail_render(job, lease_id=uuid.uuid4(), code="x", message="not mine")
    assert reloaded(job).status == RenderJob.Status.RUNNING


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_terminal_is_final(make_job: JobFactory, user: User, end: str) -> None:
    job = make_job(user, status=end, finished_at=timezone.now())
    assert jobs.cancel_render(job).status == end
    for state in RenderJob.Status.values:
        with pytest.raises(ValueError, match="can't go"):
            job.move(state)
    assert reloaded(job).status == end


def test_cancel_wins_against_the_worker(make_job: JobFactory, user: User) -> None:
    make_job(user)
    held = claim()
    assert held is not None
    lease = held.lease_id
    jobs.cancel_render(reloaded(held))
    assert not held.held(lease).exists(), "the worker sees at its next step that the lease is gone"
    assert not jobs.complete_render(held, lease_id=lease, files={}, seconds_per_frame=1.0)
    assert reloaded(held).status == RenderJob.Status.CANCELLED
    assert reloaded(held).video.status == Video.Status.CANCELLED


def test_the_reaper_requeues_what_a_dead_worker_left_and_gives_up_at_last(make_job: JobFactory, user: User) -> None:
    make_job(user)
    for attempt in range(1, settings.MAX_ATTEMPTS + 1):
        job = claim()
        assert job is not None
        assert job.attempts == attempt
        assert jobs.reap()["requeued"] == 0, "a lease that is renewed is left alone"
        job.held(job.lease_id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        counts = jobs.reap()
        assert counts["requeued" if attempt < settings.MAX_ATTEMPTS else "failed"] == 1
    over = reloaded(job)
    assert (over.status, over.error_code) == ("failed", "worker_lost")
    assert over.video.error == jobs.GAVE_UP


@pytest.mark.django_db(transaction=True)
def test_the_reaper_knocks_for_jobs_whose_message_was_lost(make_job: JobFactory, user: User) -> None:
    waiting = django_rq.get_queue(settings.LOW_PRIORITY_QUEUE)
    waiting.empty()
    make_job(user)
    make_job(user)
    assert jobs.reap()["knocked"] == 2
    assert waiting.count == 2
    assert jobs.reap()["knocked"] == 0
    waiting.empty()


def test_the_figures_count_everybody_and_estimate_from_history(make_job: JobFactory, make_user: UserFactory) -> None:
    me, other = make_user(), make_user()
    running = make_job(other)
    claim()
    ahead, mine = make_job(other), make_job(me, frames_total=5)
    figures = QueueSnapshot().figures(mine)
    # The other one has a render already, so that it is my turn.
    assert (figures.total_jobs_processing, figures.total_jobs_in_queue, figures.your_position) == (1, 2, 1)
    # No history: 10 s a frame; 10 frames running, 5 of my own, then the other's 10.
    assert figures.estimated_time_processing_jobs == 100
    assert figures.your_estimated_time == 150
    assert QueueSnapshot().figures(ahead).your_estimated_time == 250
    assert figures.estimated_time_for_all_jobs == 250
    for seconds in (1.0, 3.0):
        make_job(other, status="completed", seconds_per_frame=seconds, finished_at=timezone.now())
    make_job(other, status="completed", purpose="preview", seconds_per_frame=50.0, finished_at=timezone.now())
    assert QueueSnapshot().figures(mine).your_estimated_time == 30
    assert QueueSnapshot().figures(reloaded(running)).your_position == 1
    assert QueueSnapshot().figures(reloaded(ahead)).your_position == 2


@pytest.mark.parametrize(
    ("purpose", "frames", "priority", "expected"),
    [
        ("preview", 1, None, "HIGH_PRIORITY_QUEUE"),
        ("preview", 8, None, "MEDIUM_PRIORITY_QUEUE"),
        ("final", 1, None, "LOW_PRIORITY_QUEUE"),
        ("final", 100, 100, "HIGH_PRIORITY_QUEUE"),
        ("final", 100, 50, "HIGH_PRIORITY_QUEUE"),
        ("final", 100, 49, "MEDIUM_PRIORITY_QUEUE"),
        ("final", 100, 1, "MEDIUM_PRIORITY_QUEUE"),
        ("preview", 1, -1, "LOW_PRIORITY_QUEUE"),
    ],
)
def test_the_queue_of_a_job(purpose: str, frames: int, priority: int | None, expected: str) -> None:
    assert queue.queue_for(purpose=purpose, frames=frames, priority=priority) == getattr(settings, expected)


def test_a_video_has_one_active_render(make_job: JobFactory, user: User) -> None:
    copy = reloaded(make_job(user))
    copy.pk, copy.dispatch_key = None, uuid.uuid4()
    copy._state.adding = True
    with pytest.raises(IntegrityError, match="renderjob_one_active"), transaction.atomic():
        copy.save()


def test_only_what_failed_or_was_cancelled_can_be_tried_again(make_job: JobFactory, user: User) -> None:
    with pytest.raises(DomainError, match="failed or cancelled"):
        jobs.retry_render(make_job(user))


def test_the_newest_frame_is_shown_while_it_renders(
    make_job: JobFactory, user: User, api: APIClient, anonymous: APIClient
) -> None:
    job = make_job(user)
    status = f"/status/{job.video_id}"
    assert api.get(status).json()["data"]["frame_url"] is None
    claimed = claim()
    assert claimed is not None
    assert claimed.lease_id is not None
    port = LeasedPort(claimed, claimed.lease_id, threading.Event())
    url = api.get(status).json()["data"]["frame_url"]
    assert anonymous.get(url).status_code == 404, "there is no frame yet"
    port.progress(Progress("rendering", 3, 10, b"a picture"))
    shown = anonymous.get(url)
    assert (shown.content, shown["Content-Type"], shown["Cache-Control"]) == (b"a picture", "image/jpeg", "no-store")
    newer = api.get(status).json()["data"]["frame_url"]
    assert newer != url
    assert anonymous.get(url.replace("/frames/", "/frames/x")).status_code == 404
    jobs.cancel_render(claimed)
    assert api.get(status).json()["data"]["frame_url"] is None
    port.progress(Progress("rendering", 4, 10))
    port.progress(Progress("rendering", 5, 10, b"another"))
    assert anonymous.get(newer).content == b"a picture", "a render that lost its lease shows nothing more"
