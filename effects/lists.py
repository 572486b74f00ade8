"""What the catalogue's lists can be filtered, searched and ordered by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.db.models import Q

from config.api.filters import Bool, Choice, DateTime, Field, Int, ListSpec, Number, Str
from effects.models import Category, Effect


class Tag(Field):
    """One of the tags of an array column."""

    operators = ("=", "not", "in", "notin")

    def parse(self, text: str) -> str:
        return Str().parse(text)

    def condition(self, operator: str, path: str, values: Sequence[object]) -> Q:
        match operator:
            case "=":
                return Q(**{f"{path}__contains": list(values)})
            case "in":
                return Q(**{f"{path}__overlap": list(values)})
        return super().condition(operator, path, values)


class EffectList(ListSpec):
    filters: ClassVar = {
        "id": Int(),
        "name": Str(),
        "slug": Str(),
        "category_id": Int(),
        "category": Str("category__slug"),
        "type": Choice(Effect.Type),
        "tags": Tag(),
        "credits_cost": Int(),
        "is_premium": Bool(),
        "is_new": Bool(),
        "created_at": DateTime(),
    }
    search = ("name", "description", "tags")
    order = ("id", "sort_order", "name", "credits_cost", "popularity", "created_at")
    feed = ("id",)
    count_ttl = 300


class StaffEffectList(ListSpec):
    filters: ClassVar = {
        **EffectList.filters,
        "is_active": Bool(),
        "popularity_score": Number(),
        "deleted_at": DateTime(),
        "updated_at": DateTime(),
    }
    search = ("name", "slug", "description", "tags")
    order = (
        "id",
        "sort_order",
        "name",
        "slug",
        "credits_cost",
        "popularity_score",
        "popularity",
        "created_at",
        "updated_at",
    )


class CategoryList(ListSpec):
    filters: ClassVar = {
        "id": Int(),
        "name": Str(),
        "slug": Str(),
        "kind": Choice(Category.Kind),
        "sort_order": Int(),
        "created_at": DateTime(),
    }
    search = ("name", "description")
    order = ("sort_order", "id", "name", "created_at")
    default_order = "sort_order:asc"
