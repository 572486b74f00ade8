"""What the API says of models and presets."""

from __future__ import annotations

from typing import TypedDict

from config.platform.links import public_url
from studio.models import ModelFile, Preset
from studio.services.catalogue.models import preset_settings


class ModelFileRow(TypedDict):
    id: int
    name: str
    description: str
    version: str
    previewUrl: str | None
    enabled: bool
    modelType: str


def model_row(model: ModelFile) -> ModelFileRow:
    return {
        "id": model.pk,
        "name": model.name,
        "description": model.description,
        "version": model.version,
        "previewUrl": public_url(model.preview_url) if model.preview_url else None,
        "enabled": model.enabled,
        "modelType": model.model_type,
    }


class PresetRow(TypedDict):
    id: int
    name: str
    slug: str
    description: str
    settings: dict[str, object]


def preset_row(preset: Preset) -> PresetRow:
    return {
        "id": preset.pk,
        "name": preset.name,
        "slug": preset.slug,
        "description": preset.description,
        "settings": preset_settings(preset),
    }
