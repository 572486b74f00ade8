"""The order that staff give to what the catalogue shows."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.services.audit import record
from config.api.errors import Conflict, ValidationFailed
from config.api.freshness import outdate
from effects.models import Category, Effect
from effects.services.catalogue import LIST

MOST = 500
"""Rows that are put in order by hand."""

SHELVES: dict[str, QuerySet[Effect] | QuerySet[Category]] = {
    "effects": Effect.objects.filter(deleted_at=None),
    "effect categories": Category.objects.filter(kind=Category.Kind.EFFECT),
    "product categories": Category.objects.filter(kind=Category.Kind.PRODUCT),
}
"""What is put in order, each for itself, by name."""


def in_order(shelf: str) -> Sequence[Effect | Category]:
    """As it is now; one row more than ``MOST`` at most."""
    return list(SHELVES[shelf].order_by("sort_order", "id")[: MOST + 1])


def arrange(*, staff: User, shelf: str, ids: Sequence[int], seen: Sequence[int]) -> int:
    """Put the shelf into this order; answers how many rows were moved.

    seen: the order that whoever asks has seen. Raises Conflict where it has changed since, or a row came or went, and
    ValidationFailed unless ``ids`` are exactly these rows.
    """
    with transaction.atomic():
        # One order for the locks: whoever arranges at the same time comes after.
        rows = {row.pk: row for row in SHELVES[shelf].select_for_update(of=("self",)).order_by("pk")[: MOST + 1]}
        now = sorted(rows, key=lambda pk: (rows[pk].sort_order, pk))
        if len(now) > MOST:
            raise ValidationFailed({"order": [f"More than {MOST} rows are not put in order by hand."]})
        if list(seen) != now:
            raise Conflict("Somebody else has changed the order, or the rows, meanwhile: look at them once more.")
        if sorted(ids) != sorted(now):
            raise ValidationFailed({"order": ["Each row must be there once."]})
        moved = [pk for place, pk in enumerate(ids, start=1) if rows[pk].sort_order != place]
        for place, pk in enumerate(ids, start=1):
            if rows[pk].sort_order != place:
                SHELVES[shelf].filter(pk=pk).update(sort_order=place)
        if moved and list(ids) != now:
            record("catalogue.arranged", actor=staff, shelf=shelf, before=now, after=list(ids))
    outdate(LIST)
    return len(moved) if list(ids) != now else 0
