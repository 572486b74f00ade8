"""A row, at least, of every model that has a page in the staff panel."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import models

from accounts.models import AuditEntry
from commerce.models import FinanceOperation, Product, PromoCode
from effects.models import Category, Effect
from studio.models import BlockedPhrase, Preset, RenderJob, Video
from support.models import CannedAnswer
from tenants.scope import all_tenants
from tests.staff_walk import fill

HOSTILE = "<script>window.hurt=1</script><img src=x onerror=window.hurt=1>\u202e\u200b{{ 7*7 }}\"'--></textarea>"
"""What somebody may call a thing, in a column of some length."""


def make_rows(rows: int = 30) -> None:
    """In the transaction of a test."""
    with all_tenants():
        fill(rows)
        kept = Category.objects.create(name="Kept", slug="kept", kind=Category.Kind.EFFECT)
        goods = Category.objects.create(name="Goods", slug="goods", kind=Category.Kind.PRODUCT)
        Effect.objects.create(
            name="Kept", slug="kept", category=kept, type=Effect.Type.ANIMATION, parameters={}, credits_cost=1
        )
        Preset.objects.create(tenant=None, name="Kept", slug="kept", settings={"zoom": "0:(1)"})
        CannedAnswer.objects.create(title="Kept", text="Kept")
        BlockedPhrase.objects.create(phrase="kept", folded="kept")
        PromoCode.objects.create(code="KEPT", kind=PromoCode.Kind.values[0], value=5)
        Product.objects.create(category=goods, name="Kept", price=5, credits=5)


def pages() -> dict[type[models.Model], Any]:
    """The registered pages of models, in order."""
    found = {model: page for model, page in admin.site._registry.items() if model._meta.managed}
    return dict(sorted(found.items(), key=lambda pair: pair[0]._meta.label_lower))


def newest(model: type[models.Model]) -> models.Model | None:
    return model._base_manager.order_by("-pk").first()


def make_hostile() -> None:
    """Put ``HOSTILE`` wherever somebody's words may stand, in the newest row of each model, and in what hangs on it."""
    with all_tenants():
        for model in apps.get_models():
            if not model._meta.managed or model._meta.app_label in ("contenttypes", "auth", "sessions", "sites"):
                continue
            if model is FinanceOperation:
                # The ledger is final.
                continue
            words = [field for field in model._meta.concrete_fields if _takes_words(field)]
            row = newest(model)
            if row is not None and words:
                said = {field.name: (HOSTILE + "x" * 200)[: field.max_length] for field in words}
                model._base_manager.filter(pk=row.pk).update(**said)
        Video._base_manager.update(parameters={"prompt": HOSTILE})
        RenderJob._base_manager.update(parameters={"prompt": HOSTILE, HOSTILE: 1}, error=HOSTILE)
        AuditEntry._base_manager.update(detail={"reason": HOSTILE, "before": {HOSTILE: HOSTILE}})


def _takes_words(field: Any) -> bool:
    fixed = field.choices or field.unique or field.primary_key or field.db_index
    words = (
        "name",
        "title",
        "text",
        "description",
        "details",
        "subject",
        "reason",
        "error",
        "note",
        "filename",
        "login",
        "worker",
        "agent",
        "about",
        "message",
        "rejection",
        "progress",
    )
    return isinstance(field, (models.CharField, models.TextField)) and not fixed and any(w in field.name for w in words)
