"""Everything that locks rows of renders and of money, at once: nobody waits in a circle. docs/apps.md has the order."""

from __future__ import annotations

import random
import threading
import traceback
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from accounts.models import User
from accounts.services.profiles import lock_user
from commerce.models import Order, PaymentMethod, Product
from commerce.services.audit import audit
from commerce.services.ledger import enroll
from commerce.services.orders import confirm_order, place_order
from commerce.services.settlement import refund_order
from commerce.services.wallets import open_credit_wallet, personal_balance
from commerce.tests.races import race, race_behind
from config.api.errors import DomainError, NotFound
from effects.models import Category, Effect
from studio.models import MediaFile, ModelFile, RenderJob, Video
from studio.services.files.store import store_file
from studio.services.jobs import lifecycle as jobs
from studio.services.jobs.charges import check_holds
from studio.services.jobs.queue import claim_next
from studio.services.videos.ai_jobs import create_effect_video, prepare_effect
from studio.services.videos.library import delete_video, prepare_preview
from studio.tests.queue_rows import ensure_counted
from tenants.scope import all_tenants, tenant_scope
from tests.fixtures import UserFactory
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 25
DEFORUM = {"prompt": "a sea of glass", "length": 1, "fps": 12, "frameCount": 2}

Act = Callable[[random.Random], object]


@pytest.fixture(autouse=True)
def generous(settings: Any, tiny_model: ModelFile) -> None:
    """A model that costs something, and no other limit than locks."""
    settings.MAX_ACTIVE_JOBS = 10_000
    ModelFile.objects.update(price_per_frame=1)


@pytest.fixture
def people(make_user: UserFactory) -> list[User]:
    """Two colleagues with enough to spend."""
    first = make_user()
    both = [first, make_user(tenant=first.tenant)]
    with all_tenants():
        for person in both:
            enroll(wallet=open_credit_wallet(user=person), amount=10**6, idempotency_key=f"gift:{person.pk}")
            enroll(wallet=personal_balance(user=person), amount=Decimal(10**6), idempotency_key=f"money:{person.pk}")
    return both


@pytest.fixture
def package(db: None) -> Product:
    category = Category.objects.create(name="Packages", slug="packages", kind=Category.Kind.PRODUCT)
    return Product.objects.create(category=category, name="Starter", price=Decimal("9.99"), credits=10)


def acts(  # noqa: C901 - seven functions of a few lines each
    people: list[User], dream: Effect, package: Product, source: MediaFile, clip: Path
) -> dict[str, Act]:
    """By name: what one thread does again and again, as a request or a worker does it."""

    def some_video(rng: random.Random, user: User) -> Video | None:
        return rng.choice([*Video.objects.filter(owner=user, deleted_at=None).order_by("-pk")[:6], None])

    def preview(rng: random.Random) -> None:
        user = rng.choice(people)
        jobs.queue_render(prepare_preview(user=user, video=None, type=Video.Type.DEFORUM, parameters={**DEFORUM}))

    def apply(rng: random.Random) -> None:
        user = rng.choice(people)
        video = some_video(rng, user)
        given = source if video is None and user == people[0] else None
        jobs.queue_render(prepare_effect(user=user, effect=dream, video=video, source=given))

    def finish(rng: random.Random) -> None:
        if job := claim_next(worker="w", queues=settings.RENDER_QUEUES):
            if rng.random() < 0.5:
                made = {"output": store_file(path=clip, owner=job.owner, kind=MediaFile.Kind.OUTPUT)}
                jobs.complete_render(job, lease_id=job.lease_id, files=made, seconds_per_frame=1.0)
            else:
                jobs.fail_render(job, lease_id=job.lease_id, code="x", message="over")

    def cancel(rng: random.Random) -> None:
        if found := list(RenderJob.objects.active().select_related("video")[:6]):
            jobs.cancel_render(rng.choice(found))

    def delete(rng: random.Random) -> None:
        if video := some_video(rng, rng.choice(people)):
            delete_video(video)

    def keep(rng: random.Random) -> None:
        create_effect_video(user=people[0], effect=dream, source=source)

    def trade(rng: random.Random) -> None:
        user = rng.choice(people)
        wanted = [{"product_id": package.pk, "quantity": 1}]
        order = place_order(user=user, items=wanted, payment_method=PaymentMethod.BALANCE)
        confirm_order(user=user, order=order)
        refund_order(rng.choice(list(Order.objects.filter(customer=user))), by=None)

    return {"preview": preview, "apply": apply, "apply too": apply, "finish": finish, "cancel": cancel,
            "delete": delete, "keep": keep, "trade": trade}  # fmt: skip


def test_whoever_asks_cancels_finishes_deletes_and_refunds_at_once(
    people: list[User], dream: Effect, package: Product, media_dir: Path
) -> None:
    clip = media_dir / "clip.mp4"
    with tenant_scope(people[0].tenant_id):
        source = store_file(path=clip, owner=people[0], kind=MediaFile.Kind.SOURCE)
    wrong: list[str] = []
    done: dict[str, int] = {}
    todo = acts(people, dream, package, source, clip)
    barrier = threading.Barrier(len(todo))

    def run(name: str, act: Act) -> None:
        rng = random.Random(name)
        try:
            with tenant_scope(people[0].tenant_id):
                barrier.wait()
                for _ in range(ROUNDS):
                    try:
                        act(rng)
                        done[name] = done.get(name, 0) + 1
                    except DomainError:
                        # Busy, spent or gone: what somebody else did meanwhile.
                        continue
        except Exception:  # noqa: BLE001 - whatever it is, the test tells
            wrong.append(f"{name}: {traceback.format_exc()}")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in todo.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, "\n".join(wrong)
    assert done.keys() == todo.keys(), "each did something"
    with all_tenants():
        ensure_counted()
        assert [*audit(), *check_holds()] == []


def test_a_source_is_used_again_while_the_video_that_has_it_is_deleted(
    people: list[User], cartoon: Effect, media_dir: Path
) -> None:
    user = people[0]
    with tenant_scope(user.tenant_id):
        source = store_file(path=media_dir / "clip.mp4", owner=user, kind=MediaFile.Kind.SOURCE)
        first, again = (prepare_effect(user=user, effect=cartoon, video=None, source=source) for _ in range(2))
        video = jobs.queue_render(first).video
    file = "SELECT FROM studio_mediafile WHERE id = %s FOR UPDATE"
    job, gone = race_behind(file, [source.pk], [lambda: jobs.queue_render(again), lambda: delete_video(video)])
    assert isinstance(job, RenderJob | NotFound), job
    assert gone is None


def test_control_a_video_that_is_locked_before_its_user_ends_in_a_circle(people: list[User], dream: Effect) -> None:
    user = people[0]
    locked = threading.Event()
    with tenant_scope(user.tenant_id):
        video = Video.objects.create(owner=user, type=Video.Type.DEFORUM)
        prepared = prepare_effect(user=user, effect=dream, video=video, source=None)

    def in_order() -> RenderJob:
        locked.wait()
        return jobs.queue_render(prepared)

    def backwards() -> None:
        with transaction.atomic():
            jobs.lock_video(video)
            locked.set()
            until(_somebody_waits, "render that has its user and waits for its video")
            lock_user(user.pk)

    results = race([in_order, backwards])
    (circle,) = [result for result in results if isinstance(result, Exception)]
    assert isinstance(circle, OperationalError)
    assert isinstance(circle.__cause__, psycopg.errors.DeadlockDetected)


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
