"""The catalogue as everybody sees it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import ok
from config.api.errors import NotFound
from config.api.permissions import Public
from config.api.response_cache import cached_list
from config.api.views import APIViewSet
from effects.lists import CategoryList, EffectList
from effects.models import Category, Effect
from effects.rows import (
    CATEGORY_LISTED,
    LISTED,
    CategoryDetailRow,
    CategoryRow,
    EffectDetailRow,
    EffectRow,
    category_listed_row,
    category_row,
    effect_row,
    listed_row,
)
from effects.services.catalogue import LIST

M = TypeVar("M", bound=Model)

# Querysets are copied by everything that is done to them, so one is built for all requests.
_PUBLIC = Effect.objects.public().values(*LISTED)


class EffectViewSet(APIViewSet):
    permissions: ClassVar = {"list": [Public], "retrieve": [Public]}
    lists: ClassVar = {"list": EffectList}

    @extend_schema(responses=Sequence[EffectRow])
    def list(self, request: Request) -> HttpResponseBase:
        """The active effects."""
        return cached_list(request, name=LIST, spec=EffectList, answer=partial(self.page, request))

    def page(self, request: Request, token: str) -> Response:
        """The list itself; its count is filed under the freshness token."""
        return self.list_response(
            request,
            _PUBLIC,
            EffectList,
            row=listed_row,
            message="Effects retrieved successfully",
            count_key=f"public:{token}",
        )

    @extend_schema(responses=EffectDetailRow)
    def retrieve(self, request: Request, slug_or_id: str) -> Response:
        """One active effect, with the properties that a user may set."""
        effect = _by_slug_or_id(Effect.objects.public(), slug_or_id)
        if effect is None:
            raise NotFound("Effect not found")
        return ok(effect_row(effect), "Effect retrieved successfully")


class CategoryViewSet(APIViewSet):
    permissions: ClassVar = {"list": [Public], "retrieve": [Public]}
    lists: ClassVar = {"list": CategoryList}

    @extend_schema(responses=Sequence[CategoryRow])
    def list(self, request: Request) -> Response:
        """The categories of effects and of products; ``kind:=effect`` narrows."""
        return self.list_response(
            request,
            Category.objects.values(*CATEGORY_LISTED),
            row=category_listed_row,
            message="Categories retrieved successfully",
        )

    @extend_schema(responses=CategoryDetailRow)
    def retrieve(self, request: Request, slug_or_id: str) -> Response:
        category = _by_slug_or_id(Category.objects.all(), slug_or_id)
        if category is None:
            raise NotFound("Category not found")
        return ok(category_row(category), "Category retrieved successfully")


def _by_slug_or_id(queryset: QuerySet[M], slug_or_id: str) -> M | None:
    """Digits are an id; no slug consists of digits alone."""
    wanted: dict[str, object] = {"pk": int(slug_or_id)} if _is_id(slug_or_id) else {"slug": slug_or_id}
    return queryset.filter(**wanted).first()


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
