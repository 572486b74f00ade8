"""``kill -9`` between any two steps of a purchase, a card payment, a submission and a finished render.

After every kill the ledger is sound as it lies there; then the same is asked for again, as a client or a worker would,
and in the end it has happened exactly once.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from accounts.models import User
from commerce.models import CreditHold, Invoice, Order, Payment, Product
from commerce.services.audit import audit
from commerce.services.events import receive_event
from commerce.services.ledger import enroll
from commerce.services.orders import confirm_order, place_order
from commerce.services.wallets import open_credit_wallet, personal_balance
from commerce.tests.stripe_server import WEBHOOK_SECRET, sign
from effects.models import Category
from studio.models import ModelFile, RenderJob, Video
from studio.requests.types import DeforumRequest
from studio.services.jobs import lifecycle as jobs
from tenants.scope import all_tenants
from tests.crashes import run_and_kill
from tests.fixtures import UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

SIGNUP = 50
REQUEST = DeforumRequest(prompt="a lighthouse", length=1.0, fps=8.0, frame_count=2)


def kill_everywhere(prepare: Callable[[int], tuple[Any, ...]], verb: Callable[..., object]) -> int:
    """Kill ``verb`` before each of its writes in turn, each time on a subject of its own, and then finish it.

    Answers how many kills there were.
    """
    for step in itertools.count(1):
        args = prepare(step)
        killed = run_and_kill(verb, *args, step=step)
        assert audit() == [], f"after a kill before write {step}"
        if not killed:
            return step - 1
        assert not run_and_kill(verb, *args, step=10_000)
        assert audit() == [], f"after going on from a kill before write {step}"
    raise AssertionError


def confirm(user_id: int, order_id: int) -> None:
    confirm_order(user=User.objects.get(pk=user_id), order=Order.objects.get(pk=order_id))


def receive(payload: bytes, secret: str) -> None:
    django_settings.STRIPE_WEBHOOK_SECRET = secret
    receive_event(payload=payload, signature=sign(payload, secret=secret))


def submit(video_id: int) -> None:
    video = Video.objects.select_related("owner").get(pk=video_id)
    if video.is_active:
        return
    jobs.submit_render(video=video, user=video.owner, purpose=RenderJob.Purpose.PREVIEW, request=REQUEST)


def complete(job_id: int, lease: str) -> None:
    job = RenderJob.objects.get(pk=job_id)
    if job.is_active:
        jobs.complete_render(job, lease_id=uuid.UUID(lease), files={}, seconds_per_frame=1.0)


@pytest.fixture
def category(db: None) -> Category:
    return Category.objects.create(name="Packages", slug="packages", kind=Category.Kind.PRODUCT)


@pytest.fixture
def package(category: Category) -> Product:
    return Product.objects.create(category=category, name="One", price=Decimal(2), credits=1)


def test_a_purchase(make_user: UserFactory, category: Category) -> None:
    user, seller = make_user(), make_user()
    song = Product.objects.create(category=category, seller=seller, name="Song", price=Decimal(3))
    with all_tenants():
        enroll(wallet=personal_balance(user=user), amount=1000, idempotency_key="gift")

    def prepare(step: int) -> tuple[int, int]:
        order = place_order(user=user, items=[{"product_id": song.pk, "quantity": 1}], payment_method="balance")
        return user.pk, order.pk

    kills = kill_everywhere(prepare, confirm)
    assert kills > 10
    orders = kills + 1
    assert personal_balance(user=user).balance == 1000 - 3 * orders
    assert personal_balance(user=seller).balance == 3 * orders
    assert Order.objects.filter(status="finished").count() == orders
    assert sorted(Invoice.objects.values_list("serial", flat=True)) == list(range(1, orders + 1))


def test_a_card_payment(user: User, package: Product, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk"

    def prepare(step: int) -> tuple[bytes, str]:
        order = place_order(user=user, items=[{"product_id": package.pk, "quantity": 1}], payment_method="stripe")
        Payment.objects.create(
            intent_id=f"pi_{step}", user=user, order=order, amount=order.total_cost, currency=order.currency
        )
        subject = {"id": f"pi_{step}", "amount_received": 200, "currency": "usd"}
        event = {"id": f"evt_{step}", "type": "payment_intent.succeeded", "data": {"object": subject}}
        return json.dumps(event).encode(), WEBHOOK_SECRET

    kills = kill_everywhere(prepare, receive)
    assert kills > 10
    assert open_credit_wallet(user=user).balance == SIGNUP + kills + 1
    assert Order.objects.filter(status="paid").count() == Invoice.objects.count() == kills + 1


@pytest.fixture
def model(tiny_model: ModelFile) -> ModelFile:
    """A preview of two frames costs one credit."""
    tiny_model.price_per_frame = 1
    tiny_model.save()
    return tiny_model


def test_a_submission(user: User, model: ModelFile, settings: Any) -> None:
    # Enough for a render at each step.
    with all_tenants():
        enroll(wallet=open_credit_wallet(user=user), amount=1000, idempotency_key="gift")

    def prepare(step: int) -> tuple[int]:
        with all_tenants():
            for job in RenderJob.objects.active():
                jobs.cancel_render(job)
            return (Video.objects.create(tenant=user.tenant, owner=user, type=Video.Type.DEFORUM).pk,)

    kills = kill_everywhere(prepare, submit)
    assert kills > 5
    with all_tenants():
        assert RenderJob.objects.count() == CreditHold.objects.count() == kills + 1
        assert RenderJob.objects.active().count() == 1
    wallet = open_credit_wallet(user=user)
    assert (wallet.balance, wallet.held) == (SIGNUP + 1000, 1)


def test_a_finished_render(user: User, model: ModelFile) -> None:
    def prepare(step: int) -> tuple[int, str]:
        lease = uuid.uuid4()
        with all_tenants():
            video = Video.objects.create(tenant=user.tenant, owner=user, type=Video.Type.DEFORUM)
            job = jobs.submit_render(video=video, user=user, purpose=RenderJob.Purpose.PREVIEW, request=REQUEST)
            assert job.move(RenderJob.Status.RUNNING, lease_id=lease, lease_expires_at=timezone.now(), attempts=1)
        return job.pk, str(lease)

    kills = kill_everywhere(prepare, complete)
    assert kills > 3
    wallet = open_credit_wallet(user=user)
    assert (wallet.balance, wallet.held) == (SIGNUP - kills - 1, 0)
    with all_tenants():
        assert set(RenderJob.objects.values_list("status", flat=True)) == {"completed"}
