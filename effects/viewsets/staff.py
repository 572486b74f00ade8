"""The catalogue as staff keep it (document B's admin endpoints)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelope import ok
from config.api.permissions import IsAdministrator
from config.api.views import APIViewSet, parse
from effects import services
from effects.lists import CategoryList, StaffEffectList
from effects.models import Category, Effect
from effects.rows import (
    CATEGORY_LISTED,
    STAFF_LISTED,
    CategoryDetailRow,
    StaffEffectListRow,
    StaffEffectRow,
    category_listed_row,
    category_row,
    staff_effect_row,
    staff_listed_row,
)
from effects.serializers import CategoryInputSerializer, EffectInputSerializer
from effects.services.catalogue import find_for_staff
from effects.services.categories import find_category


class StaffEffectViewSet(APIViewSet):
    permissions: ClassVar = dict.fromkeys(("list", "create", "update", "destroy", "restore"), (IsAdministrator,))
    lists: ClassVar = {"list": StaffEffectList}

    @extend_schema(responses=Sequence[StaffEffectListRow])
    def list(self, request: Request) -> Response:
        """All effects, deleted ones too."""
        return self.list_response(
            request,
            Effect.objects.values(*STAFF_LISTED),
            row=staff_listed_row,
            message="Effects retrieved successfully",
        )

    @extend_schema(request=EffectInputSerializer, responses=StaffEffectRow)
    def create(self, request: Request) -> Response:
        effect = services.create_effect(values=parse(EffectInputSerializer, request))
        return ok(staff_effect_row(effect), "Effect created successfully")

    @extend_schema(request=EffectInputSerializer(partial=True), responses=StaffEffectRow)
    def update(self, request: Request, effect_id: int) -> Response:
        effect = find_for_staff(effect_id)
        services.update_effect(effect, changes=parse(EffectInputSerializer, request, instance=effect, partial=True))
        return ok(staff_effect_row(effect), "Effect updated successfully")

    @extend_schema(responses=None)
    def destroy(self, request: Request, effect_id: int) -> Response:
        """Soft: the effect leaves the catalogue, its row and its slug stay."""
        services.delete_effect(find_for_staff(effect_id))
        return ok(None, "Effect deleted successfully")

    @extend_schema(request=None, responses=StaffEffectRow)
    def restore(self, request: Request, effect_id: int) -> Response:
        return ok(staff_effect_row(services.restore_effect(effect_id)), "Effect restored successfully")


class StaffCategoryViewSet(APIViewSet):
    permissions: ClassVar = dict.fromkeys(("list", "create", "update", "destroy"), (IsAdministrator,))
    lists: ClassVar = {"list": CategoryList}

    @extend_schema(responses=Sequence[CategoryDetailRow])
    def list(self, request: Request) -> Response:
        return self.list_response(
            request,
            Category.objects.values(*CATEGORY_LISTED, "created_at", "updated_at"),
            row=category_listed_row,
            message="Categories retrieved successfully",
        )

    @extend_schema(request=CategoryInputSerializer, responses=CategoryDetailRow)
    def create(self, request: Request) -> Response:
        category = services.create_category(values=parse(CategoryInputSerializer, request))
        return ok(category_row(category), "Category created successfully")

    @extend_schema(request=CategoryInputSerializer(partial=True), responses=CategoryDetailRow)
    def update(self, request: Request, category_id: int) -> Response:
        category = find_category(category_id)
        services.update_category(
            category, changes=parse(CategoryInputSerializer, request, instance=category, partial=True)
        )
        return ok(category_row(category), "Category updated successfully")

    @extend_schema(responses=None)
    def destroy(self, request: Request, category_id: int) -> Response:
        services.delete_category(find_category(category_id))
        return ok(None, "Category deleted successfully")
