"""So many rows of everything that the panel shows, each about others of its own, so that whoever asks row by row shows.

``tests.staff_walk.fill`` writes what grows without end; here is the rest.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.db.models import Model
from django.utils import timezone

from commerce.models import (
    LedgerAudit,
    OrderItem,
    OrderRefund,
    OrderStatusChange,
    Payment,
    PaymentEvent,
    Product,
    PromoCode,
)
from config.api.models import IdempotencyRecord
from effects.models import Category, Effect
from gallery.models import GalleryReport
from studio.models import BlockedPhrase, CatalogueTask, Preset, RenderJob
from studio.models.timeline import RenderEvent
from studio.models.workers import WorkerDrain
from support.models import CannedAnswer, SupportMessage
from tenants.models import RuntimeChange
from tenants.runtime import runtime_settings
from tests.staff_walk import fill

FIRST = 1001
"""Of what ``fill`` writes. Everything that hangs on one row hangs on this one."""


def fill_all(rows: int) -> None:
    """In the transaction of a test, which sees all tenants."""
    fill(rows)
    GalleryReport.objects.update(resolved_at=None)
    job = RenderJob.objects.get(pk=FIRST)
    for n in range(rows):
        for row in (*_catalogue(n), *_of_people(n), *_of_one(n)):
            row.save(force_insert=True)
        job.pk, job.dispatch_key = None, uuid4()
        job.status, job.error_code, job.finished_at = "failed", "out_of_memory", timezone.now()
        job.save(force_insert=True)


def _catalogue(n: int) -> list[Model]:
    shelf = Category(name=f"Shelf {n}", slug=f"shelf-{n}", kind="effect")
    counter = Category(name=f"Counter {n}", slug=f"counter-{n}", kind="product")
    product = Product(category=counter, seller_id=FIRST + n, name=f"Product {n}", price=10)
    look = {"name": f"Look {n}", "slug": f"look-{n}", "type": "animation", "credits_cost": 1}
    return [
        shelf,
        counter,
        product,
        Effect(category=shelf, model_file_id=FIRST + n % 5, **look),
        OrderItem(order_id=FIRST, product=product, name="It", unit_price=10, quantity=1, cost=10),
        PromoCode(code=f"CODE{n}", kind="percentage", value=10),
        CatalogueTask(kind="fetch", subject=f"bench-model-{n}", status="done"),
        BlockedPhrase(phrase=f"phrase {n}", folded=f"phrase {n}"),
        CannedAnswer(title=f"Answer {n}", text="Try again."),
        SocialApp(provider="google", name=f"App {n}", client_id=str(n)),
    ]


def _of_people(n: int) -> list[Model]:
    who: dict[str, Any] = {"user_id": FIRST + n}
    paid = Payment(**who, order_id=FIRST + n, intent_id=f"pi_{n}", amount=10, currency="USD", status="canceled")
    return [
        paid,
        PaymentEvent(event_id=f"evt_{n}", type="paid", payment=paid, payload={}),
        IdempotencyRecord(**who, key=f"key-{n}", fingerprint="0" * 64, status=200, body="{}"),
        Authenticator(**who, type="totp", data={}),
        SocialAccount(**who, provider="google", uid=str(n)),
        Preset(tenant_id=FIRST + n, name=f"Preset {n}", slug=f"preset-{n}"),
        WorkerDrain(name=f"worker-{n}", by_id=FIRST + n, reason="It is renewed."),
        LedgerAudit(asked_by_id=FIRST + n, outcome="sound"),
        RuntimeChange(name=min(runtime_settings), number=n + 1, reason="It was tried.", by_id=FIRST + n),
    ]


def _of_one(n: int) -> list[Model]:
    """What hangs on the first order, render and ticket, by somebody else each."""
    by: dict[str, Any] = {"user_id": FIRST + n}
    moved: dict[str, Any] = {"kind": "status", "before": "queued", "after": "running", "attempt": 1}
    return [
        OrderRefund(order_id=FIRST, amount=1, reason="It was asked for."),
        OrderStatusChange(order_id=FIRST, status="finished", **by),
        RenderEvent(tenant_id=FIRST, job_id=FIRST, worker=f"worker-{n}", **moved),
        SupportMessage(request_id=FIRST, kind="answer", author_id=FIRST + n, text="Try again."),
    ]
