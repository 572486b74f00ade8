"""What renders cost, and when: held when queued, paid on success, free otherwise."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from commerce.models import CreditHold
from commerce.services.audit import audit
from commerce.services.wallets import open_credit_wallet
from config.api.errors import DomainError
from studio.models import ModelFile, RenderJob, Video
from studio.requests.types import DeforumRequest
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs.charges import render_price
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db

SIGNUP = 50
REQUEST = DeforumRequest(prompt="a lighthouse", length=1.0, fps=8.0, frame_count=3)


@pytest.fixture(autouse=True)
def in_the_users_scope(user: User, settings: Any) -> Iterator[None]:
    settings.PREVIEW_PRICE_SHARE = 0.5
    with tenant_scope(user.tenant_id):
        yield


@pytest.fixture
def model(tiny_model: ModelFile) -> ModelFile:
    tiny_model.price_per_frame = 3
    tiny_model.save()
    return tiny_model


@pytest.fixture
def video(user: User) -> Video:
    return Video.objects.create(owner=user, type=Video.Type.DEFORUM)


def submit(video: Video) -> RenderJob:
    return jobs.submit_render(video=video, user=video.owner, purpose=RenderJob.Purpose.PREVIEW, request=REQUEST)


def claim(job: RenderJob) -> uuid.UUID:
    lease = uuid.uuid4()
    assert job.move(RenderJob.Status.RUNNING, lease_id=lease, lease_expires_at=timezone.now(), attempts=1)
    return lease


def figures(user: User) -> tuple[int, int]:
    wallet = open_credit_wallet(user=user)
    return int(wallet.balance), int(wallet.held)


@pytest.mark.parametrize(
    ("per_frame", "purpose", "frames", "share", "price"),
    [
        (3, "final", 10, 0.5, 30),
        (3, "preview", 3, 0.5, 5),
        (3, "preview", 3, 0, 0),
        (3, "preview", 3, 1, 9),
        (10, "preview", 3, 0.1, 3),
        (0, "final", 1000, 1, 0),
    ],
)
def test_prices(per_frame: int, purpose: str, frames: int, share: float, price: int, settings: Any) -> None:
    settings.PREVIEW_PRICE_SHARE = share
    assert render_price(model_file=ModelFile(price_per_frame=per_frame), purpose=purpose, frames=frames) == price


def test_a_finished_render_is_paid_once(user: User, model: ModelFile, video: Video) -> None:
    job = submit(video)
    # Three frames at half of three credits, rounded up.
    assert (job.price, figures(user)) == (5, (SIGNUP, 5))
    lease = claim(job)
    assert jobs.complete_render(job, lease_id=lease, files={}, seconds_per_frame=1.0)
    assert figures(user) == (SIGNUP - 5, 0)
    again = RenderJob.objects.get(pk=job.pk)
    again.status = RenderJob.Status.RUNNING
    assert not jobs.complete_render(again, lease_id=lease, files={}, seconds_per_frame=1.0)
    assert figures(user) == (SIGNUP - 5, 0)
    assert audit() == []


@pytest.mark.parametrize("running", [False, True])
def test_a_cancelled_render_costs_nothing(running: bool, user: User, model: ModelFile, video: Video) -> None:
    job = submit(video)
    if running:
        claim(job)
    jobs.cancel_render(job)
    jobs.cancel_render(job)
    assert figures(user) == (SIGNUP, 0)
    assert audit() == []


def test_a_failed_render_costs_nothing(user: User, model: ModelFile, video: Video) -> None:
    job = submit(video)
    assert jobs.fail_render(job, lease_id=claim(job), code="render_failed", message="No.")
    assert figures(user) == (SIGNUP, 0)
    assert audit() == []


def test_a_lost_worker_costs_nothing_in_the_end(user: User, model: ModelFile, video: Video, settings: Any) -> None:
    settings.MAX_ATTEMPTS = 2
    job = submit(video)
    claim(job)
    assert jobs.reap()["requeued"] == 1
    assert figures(user) == (SIGNUP, 5)
    job.refresh_from_db()
    assert job.move(RenderJob.Status.RUNNING, lease_id=uuid.uuid4(), lease_expires_at=timezone.now(), attempts=2)
    assert jobs.reap()["failed"] == 1
    assert figures(user) == (SIGNUP, 0)
    assert audit() == []


def test_without_the_credits_nothing_is_queued(user: User, model: ModelFile, video: Video) -> None:
    ModelFile.objects.update(price_per_frame=100)
    with pytest.raises(DomainError) as refusal:
        submit(video)
    assert (refusal.value.code, refusal.value.status) == ("insufficient_credits", 422)
    assert refusal.value.data == {"required_tokens": 150, "balance": SIGNUP}
    assert not RenderJob.objects.exists()
    assert figures(user) == (SIGNUP, 0)


def test_a_price_that_nobody_could_pay(user: User, model: ModelFile, video: Video) -> None:
    ModelFile.objects.update(price_per_frame=2**31 - 1)
    with pytest.raises(DomainError) as refusal:
        submit(video)
    assert (refusal.value.code, refusal.value.status) == ("price_out_of_range", 422)
    assert not RenderJob.objects.exists()
    assert figures(user) == (SIGNUP, 0)


def test_a_free_render_holds_nothing(user: User, model: ModelFile, video: Video) -> None:
    ModelFile.objects.update(price_per_frame=0)
    job = submit(video)
    assert (job.price, job.hold) == (0, None)
    assert jobs.complete_render(job, lease_id=claim(job), files={}, seconds_per_frame=1.0)
    assert not CreditHold.objects.exists()


def test_the_audit_compares_jobs_with_their_holds(user: User, model: ModelFile, video: Video) -> None:
    job = submit(video)
    assert audit() == []
    RenderJob.objects.filter(pk=job.pk).update(status="failed")
    assert audit() == [f"render {job.pk} is failed and its credits are held"]
    RenderJob.objects.filter(pk=job.pk).update(status="queued", price=6)
    assert audit() == [f"render {job.pk} costs 6 and holds 5"]
    RenderJob.objects.filter(pk=job.pk).update(hold=None)
    assert len(audit()) == 2
