"""What the API says of effects and categories, in document B's words."""

from __future__ import annotations

from typing import Any

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
    """One ``values()`` row of ``LISTED``: a preview that there is none of is null."""
    row["thumbnail_url"] = row["thumbnail_url"] or None
    row["preview_video_url"] = row["preview_video_url"] or None
    return row


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


def category_row(category: Category) -> dict[str, Any]:
    row = {name: getattr(category, name) for name in CATEGORY_LISTED}
    return {**row, "created_at": category.created_at, "updated_at": category.updated_at}
