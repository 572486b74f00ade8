"""What the API says of effects and categories, in document B's words."""

from __future__ import annotations

from typing import Any

from config.links import public_url
from effects.models import Category, Effect

LISTED = (
    "id", "name", "slug", "description", "category_id", "tags", "type", "thumbnail_url", "preview_video_url",
    "credits_cost", "is_active", "is_premium", "is_new",
)  # fmt: skip
"""Columns of the public list, in the document's order."""

STAFF_LISTED = (
    "id", "name", "slug", "description", "category_id", "type", "credits_cost", "is_active", "is_premium", "is_new",
    "popularity_score", "deleted_at", "created_at", "updated_at",
)  # fmt: skip

CATEGORY_LISTED = ("id", "name", "slug", "description", "sort_order", "kind")


def listed_row(row: dict[str, Any]) -> dict[str, Any]:
    """One ``values()`` row of ``LISTED``: whole addresses, and null for what there is none of."""
    return _nullable(row) | {
        name: public_url(row[name]) if row[name] else None for name in ("thumbnail_url", "preview_video_url")
    }


def staff_listed_row(row: dict[str, Any]) -> dict[str, Any]:
    """One ``values()`` row of ``STAFF_LISTED``."""
    return _nullable(row)


def effect_row(effect: Effect) -> dict[str, Any]:
    """The detail of an effect, with what a client needs to ask its properties of a user."""
    row = listed_row({name: getattr(effect, name) for name in LISTED})
    return {
        **row,
        "configurable_properties": effect.configurable_properties,
        "created_at": effect.created_at,
        "updated_at": effect.updated_at,
    }


def staff_effect_row(effect: Effect) -> dict[str, Any]:
    """Everything of an effect."""
    return {
        **effect_row(effect),
        "popularity_score": effect.popularity_score,
        "use_count": effect.use_count,
        "model_id": effect.model_file_id,
        "parameters": effect.parameters,
        "deleted_at": effect.deleted_at,
    }


def category_listed_row(row: dict[str, Any]) -> dict[str, Any]:
    """One ``values()`` row of ``CATEGORY_LISTED``."""
    return _nullable(row)


def category_row(category: Category) -> dict[str, Any]:
    row = category_listed_row({name: getattr(category, name) for name in CATEGORY_LISTED})
    return {**row, "created_at": category.created_at, "updated_at": category.updated_at}


def _nullable(row: dict[str, Any]) -> dict[str, Any]:
    """The columns know no null; the document does."""
    return {**row, "description": row["description"] or None}
