"""What renders can be made with: models and presets."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.filters import Bool, Int, ListSpec, Str
from config.api.permissions import Authenticated, Public
from config.api.views import APIViewSet
from config.links import public_url
from studio.models import ModelFile, Preset
from studio.serializers.renders import ModelFileSerializer, PresetSerializer
from studio.services import catalogue


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

    @extend_schema(responses=ModelFileSerializer(many=True))
    def model_files(self, request: Request) -> Response:
        """The models a render can be made with."""
        return self.list_response(
            request, catalogue.checkpoints(), row=_model_row, message="Model files retrieved successfully"
        )

    @extend_schema(responses=PresetSerializer(many=True))
    def presets(self, request: Request) -> Response:
        """The Deforum presets: built-in ones and the tenant's own."""
        return self.list_response(
            request, Preset.objects.filter(enabled=True), row=_preset_row, message="Presets retrieved successfully"
        )


def _model_row(model: ModelFile) -> dict[str, Any]:
    return {
        "id": model.pk,
        "name": model.name,
        "description": model.description,
        "version": model.version,
        "previewUrl": public_url(model.preview_url) if model.preview_url else None,
        "enabled": model.enabled,
        "modelType": model.model_type,
    }


def _preset_row(preset: Preset) -> dict[str, Any]:
    return {
        "id": preset.pk,
        "name": preset.name,
        "slug": preset.slug,
        "description": preset.description,
        "settings": catalogue.preset_settings(preset),
    }
