"""The effects that a new studio offers, from ``effects/data``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.db import transaction

from effects.models import Category, Effect
from effects.services.catalogue import create_effect

_DATA = Path(__file__).parents[1] / "data"


@transaction.atomic
def seed_effects() -> int:
    """Create what is missing; answers how many rows. What staff changed or deleted stays as they left it."""
    created = 0
    categories = {}
    for row in _read("categories"):
        category, is_new = Category.objects.get_or_create(slug=row["slug"], defaults=row)
        categories[category.slug] = category
        created += is_new
    known = set(Effect.objects.values_list("slug", flat=True))
    for row in _read("effects"):
        if row["slug"] not in known:
            create_effect(values={**row, "category": categories[row["category"]]})
            created += 1
    return created


def _read(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
    return rows
