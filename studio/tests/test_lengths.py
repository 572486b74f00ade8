"""Films that become longer or shorter while they are made, and what is paid for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import CreditHold
from commerce.services.audit import audit
from commerce.services.wallets import open_credit_wallet
from studio.models import ModelFile, RenderJob, SteeringCommand, Video
from studio.rendering.deforum.steering.commands import Ack
from studio.rendering.plan import RenderPlan
from studio.requests.types import DeforumRequest
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs import queue
from studio.services.steering.settling import Read, settle
from studio.tests.queue_rows import ensure_counted
from studio.tests.test_steering import Console, code, together
from tenants.scope import all_tenants, tenant_scope

pytestmark = pytest.mark.django_db

SIGNUP = 50
FRAMES, PER_FRAME = 8, 2
"""Of the film that is asked for: a second at 8 frames."""
MOST = 160
"""20 seconds."""


@pytest.fixture(autouse=True)
def in_the_users_scope(user: User) -> Iterator[None]:
    with tenant_scope(user.tenant_id):
        yield


@pytest.fixture
def model(tiny_model: ModelFile) -> ModelFile:
    tiny_model.price_per_frame = PER_FRAME
    tiny_model.save()
    return tiny_model


@pytest.fixture
def job(user: User, model: ModelFile) -> RenderJob:
    return submit(user)


def submit(user: User, purpose: RenderJob.Purpose = RenderJob.Purpose.FINAL, **asked: Any) -> RenderJob:
    video = Video.objects.create(owner=user, type=Video.Type.DEFORUM)
    request = DeforumRequest(**{"prompt": "a lighthouse", "length": 1.0, "fps": 8.0, "frame_count": 3, **asked})
    return jobs.submit_render(video=video, user=user, purpose=purpose, request=request)


@pytest.fixture
def console(api: APIClient, job: RenderJob) -> Console:
    page = Console(api, job.pk)
    assert page.take().status_code == 200
    return page


def running() -> RenderJob:
    claimed = queue.claim_next(worker="w", queues=settings.RENDER_QUEUES)
    assert claimed is not None
    return claimed


def again(job: RenderJob) -> RenderJob:
    return RenderJob.objects.get(pk=job.pk)


def figures(user: User) -> tuple[int, int]:
    wallet = open_credit_wallet(user=user)
    return int(wallet.balance), int(wallet.held)


def complete(job: RenderJob, frames: int) -> None:
    assert job.lease_id is not None
    files: Any = {"output": None}
    assert jobs.complete_render(job, lease_id=job.lease_id, files=files, seconds_per_frame=None, frames=frames)


def sound() -> None:
    with all_tenants():
        ensure_counted()
        assert audit() == []


def test_more_frames_are_held_and_paid(user: User, console: Console, job: RenderJob) -> None:
    assert console.give(1, "extend", frames=4).status_code == 201
    assert (again(job).price, again(job).frames_total) == (24, 12)
    assert figures(user) == (SIGNUP, 24)
    assert console.give(1, "extend", frames=4).status_code == 200, "the same again costs nothing"
    assert figures(user) == (SIGNUP, 24)
    sound()
    claimed = running()
    settle(claimed, [Read(Ack(1, 0, {"frames": 12}), 0)], lease_id=claimed.lease_id)
    complete(claimed, 12)
    assert figures(user) == (SIGNUP - 24, 0)
    done = again(job)
    assert (done.frames_done, done.frames_total, RenderPlan.from_json(done.plan).frame_count) == (12, 12, 12)
    sound()


def test_not_without_the_credits(user: User, console: Console, job: RenderJob) -> None:
    answer = console.give(1, "extend", frames=18)
    assert code(answer) == (422, "insufficient_credits")
    assert answer.json()["data"] == {"required_tokens": 36, "balance": SIGNUP - 16}
    assert (again(job).price, again(job).frames_total, figures(user)) == (16, FRAMES, (SIGNUP, 16))
    assert not SteeringCommand.objects.exists()
    assert console.give(1, "extend", frames=17).status_code == 201, "to the last credit"
    sound()


def test_the_longest_film(console: Console, job: RenderJob) -> None:
    ModelFile.objects.update(price_per_frame=0)
    answer = console.give(1, "extend", frames=MOST - FRAMES + 1)
    assert list(answer.json()["data"]) == ["frames"]
    assert console.give(1, "extend", frames=MOST - FRAMES).status_code == 201
    assert list(console.give(2, "extend", frames=1).json()["data"]) == ["frames"]
    assert again(job).frames_total == MOST


def test_schedules_are_checked_at_the_new_frames(user: User, api: APIClient, model: ModelFile) -> None:
    page = Console(api, submit(user, schedules={"zoom": "0:(1/(9-t))"}).pk)
    page.take()
    assert page.give(1, "extend", frames=1).status_code == 201
    answer = page.give(2, "extend", frames=1)
    assert answer.status_code == 422
    assert "frame 9" in " ".join(answer.json()["data"]["frames"])


def test_a_preview_stays_as_long_as_it_was_asked_for(user: User, api: APIClient, model: ModelFile) -> None:
    page = Console(api, submit(user, RenderJob.Purpose.PREVIEW).pk)
    page.take()
    assert list(page.give(1, "extend", frames=1).json()["data"]) == ["frames"]


@pytest.mark.parametrize(("frames", "paid"), [(8, 16), (5, 10), (1, 2)])
def test_a_film_that_is_stopped_costs_what_it_has(user: User, job: RenderJob, frames: int, paid: int) -> None:
    complete(running(), frames)
    assert figures(user) == (SIGNUP - paid, 0)
    done = again(job)
    assert (done.price, done.frames_done, done.frames_total) == (paid, frames, frames)
    assert RenderPlan.from_json(done.plan).frame_count == frames, "whoever extends it goes on from there"
    sound()


def test_a_preview_that_is_stopped(user: User, model: ModelFile, settings: Any) -> None:
    settings.PREVIEW_PRICE_SHARE = 0.5
    job = submit(user, RenderJob.Purpose.PREVIEW)
    assert job.price == 3
    complete(running(), 2)
    done = again(job)
    assert (done.price, done.frames_total) == (2, 2)
    plan = RenderPlan.from_json(done.plan)
    assert (plan.frame_count, plan.frame_limit) == (FRAMES, 2), "the film is as long as it was to be"
    sound()


def test_an_extension_that_is_stopped_before_it_has_begun(user: User, model: ModelFile) -> None:
    before = submit(user)
    complete(running(), FRAMES)
    paid = figures(user)
    video = Video.objects.create(owner=user, type=Video.Type.DEFORUM)
    longer = RenderJob.objects.get(pk=submit(user).pk)
    assert longer.video_id != video.pk
    RenderJob.objects.filter(pk=longer.pk).update(continues=before, frames_total=2 * FRAMES)
    complete(running(), FRAMES)
    assert figures(user) == paid, "there is nothing new to pay"
    assert CreditHold.objects.get(render_job=longer).status == CreditHold.Status.RELEASED
    sound()


def test_what_was_asked_for_too_late_is_not_paid(user: User, console: Console, job: RenderJob) -> None:
    claimed = running()
    assert console.give(1, "extend", frames=4).status_code == 201
    complete(claimed, FRAMES)
    assert figures(user) == (SIGNUP - 16, 0)
    assert (again(job).frames_total, again(job).frames_done) == (FRAMES, FRAMES)
    command = SteeringCommand.objects.get()
    assert command.state == "refused"
    assert "finished" in command.refused
    sound()


def test_what_the_renderer_refuses_is_given_back(user: User, console: Console, job: RenderJob) -> None:
    claimed = running()
    console.give(1, "extend", frames=4)
    settle(claimed, [Read(Ack(1, 3, {}, "no room for more"), 3)], lease_id=claimed.lease_id)
    assert (again(job).price, again(job).frames_total, figures(user)) == (16, FRAMES, (SIGNUP, 16))
    sound()
    settle(claimed, [Read(Ack(1, 3, {}, "no room for more"), 3)], lease_id=claimed.lease_id)
    assert figures(user) == (SIGNUP, 16), "once"


@pytest.mark.parametrize("end", ["cancel", "fail"])
def test_nothing_is_paid_for_a_longer_film_that_is_never_made(
    user: User, console: Console, job: RenderJob, end: str
) -> None:
    claimed = running()
    console.give(1, "extend", frames=4)
    if end == "cancel":
        jobs.cancel_render(claimed)
    else:
        jobs.fail_render(claimed, lease_id=claimed.lease_id, code="render_failed", message="No.")
    assert figures(user) == (SIGNUP, 0)
    sound()


def test_a_render_that_was_free_can_become_longer_for_money(user: User, console: Console, job: RenderJob) -> None:
    RenderJob.objects.filter(pk=job.pk).update(price=0, hold=None)
    CreditHold.objects.all().delete()
    type(open_credit_wallet(user=user)).objects.update(held=0)
    assert console.give(1, "extend", frames=4).status_code == 201
    assert (again(job).price, figures(user)) == (8, (SIGNUP, 8))
    sound()


@pytest.mark.django_db(transaction=True)
def test_more_frames_asked_for_at_once_are_held_together(
    user: User, console: Console, job: RenderJob, client_of: Callable[[User], APIClient]
) -> None:
    pages = [Console(client_of(user), job.pk) for _ in range(4)]
    for page in pages:
        page.token = console.token
    calls = [lambda page=page, n=n: page.give(n, "extend", frames=5) for n, page in enumerate(pages, start=1)]
    answers = together(*calls)
    given = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409, 422}
    assert again(job).frames_total == FRAMES + 5 * len(given)
    assert figures(user) == (SIGNUP, 16 + 10 * len(given))
    sound()
