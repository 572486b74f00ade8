"""What renders can be made with: models and presets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.filters import Bool, Int, ListSpec, Str
from config.api.permissions import Authenticated, Public
from config.api.views import APIViewSet
from studio.models import Preset
from studio.rows.catalogue import ModelFileRow, PresetRow, model_row, preset_row
from studio.services.catalogue import models as catalogue


class ModelFileList(ListSpec):
    filters: ClassVar = {"id": Int(), "modelType": Str("model_type"), "enabled": Bool()}
    search = ("name", "description")
    order = ("id", "name")


class PresetList(ListSpec):
    filters: ClassVar = {"id": Int(), "slug": Str()}
    search = ("name", "description")
    order = ("id", "name")


class CatalogueViewSet(APIViewSet):
    permissions: ClassVar = {"model_files": [Public], "presets": [Authenticated]}
    lists: ClassVar = {"model_files": ModelFileList, "presets": PresetList}

    @extend_schema(responses=Sequence[ModelFileRow])
    def model_files(self, request: Request) -> Response:
        """The models a render can be made with."""
        return self.list_response(
            request, catalogue.checkpoints(), row=model_row, message="Model files retrieved successfully"
        )

    @extend_schema(responses=Sequence[PresetRow])
    def presets(self, request: Request) -> Response:
        """The Deforum presets: built-in ones and the tenant's own."""
        return self.list_response(
            request, Preset.objects.filter(enabled=True), row=preset_row, message="Presets retrieved successfully"
        )
