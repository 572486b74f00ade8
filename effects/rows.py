"""What the API says of effects and categories, in document B's words.

What a list shows is what its row declares: the columns are read off it, and a column added there is answered.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, NotRequired, TypedDict, cast

from config.platform.links import public_url
from effects.models import Category, Effect


class EffectRow(TypedDict):
    id: int
    name: str
    slug: str
    description: str | None
    category_id: int | None
    tags: list[str]
    type: Annotated[str, Effect.Type]
    thumbnail_url: str | None
    preview_video_url: str | None
    credits_cost: int
    is_active: bool
    is_premium: bool
    is_new: bool


LISTED = tuple(EffectRow.__annotations__)
"""Columns of the public list, in the document's order."""


def listed_row(row: EffectRow) -> EffectRow:
    """One ``values()`` row of ``LISTED``: whole addresses, and null for what there is none of."""
    return {
        **row,
        "description": row["description"] or None,
        "thumbnail_url": _address(row["thumbnail_url"]),
        "preview_video_url": _address(row["preview_video_url"]),
    }


class StaffEffectListRow(TypedDict):
    id: int
    name: str
    slug: str
    description: str | None
    category_id: int | None
    type: Annotated[str, Effect.Type]
    credits_cost: int
    is_active: bool
    is_premium: bool
    is_new: bool
    popularity_score: Decimal
    deleted_at: datetime | None
    created_at: datetime
    updated_at: datetime


STAFF_LISTED = tuple(StaffEffectListRow.__annotations__)


def staff_listed_row(row: StaffEffectListRow) -> StaffEffectListRow:
    """One ``values()`` row of ``STAFF_LISTED``."""
    return {**row, "description": row["description"] or None}


class PropertyRow(TypedDict):
    """What a user may set of an effect: the keys of `input_payload`."""

    key: str
    name: NotRequired[Annotated[str, "The key unless given."]]
    description: NotRequired[str]
    type: Literal["text", "number", "image", "video"]
    required: NotRequired[bool]
    default: NotRequired[object | None]
    range: NotRequired[Annotated[object | None, "[lowest, highest] of a number, the values of a text."]]


class EffectDetailRow(EffectRow):
    configurable_properties: list[PropertyRow]
    created_at: datetime
    updated_at: datetime


def effect_row(effect: Effect) -> EffectDetailRow:
    """The detail of an effect, with what a client needs to ask its properties of a user."""
    return {
        **listed_row(cast(EffectRow, {name: getattr(effect, name) for name in LISTED})),
        "configurable_properties": effect.configurable_properties,
        "created_at": effect.created_at,
        "updated_at": effect.updated_at,
    }


class StaffEffectRow(EffectDetailRow):
    popularity_score: Decimal
    use_count: int
    model_id: int | None
    parameters: dict[str, object]
    deleted_at: datetime | None


def staff_effect_row(effect: Effect) -> StaffEffectRow:
    """Everything of an effect."""
    return {
        **effect_row(effect),
        "popularity_score": effect.popularity_score,
        "use_count": effect.use_count,
        "model_id": effect.model_file_id,
        "parameters": effect.parameters,
        "deleted_at": effect.deleted_at,
    }


class CategoryRow(TypedDict):
    id: int
    name: str
    slug: str
    description: str | None
    sort_order: int
    kind: Annotated[str, Category.Kind]


CATEGORY_LISTED = tuple(CategoryRow.__annotations__)


def category_listed_row(row: CategoryRow) -> CategoryRow:
    """One ``values()`` row of ``CATEGORY_LISTED``, or of more columns."""
    return {**row, "description": row["description"] or None}


class CategoryDetailRow(CategoryRow):
    created_at: datetime
    updated_at: datetime


def category_row(category: Category) -> CategoryDetailRow:
    row = category_listed_row(cast(CategoryRow, {name: getattr(category, name) for name in CATEGORY_LISTED}))
    return {**row, "created_at": category.created_at, "updated_at": category.updated_at}


def _address(path: str | None) -> str | None:
    return public_url(path) if path else None
