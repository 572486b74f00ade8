"""Models and presets: what staff keep by hand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import Truncator

from config.staff_pages import StaffPage
from studio.admin.catalogue_acts import MODEL_ACTS
from studio.models import ModelFile, Preset
from studio.rendering.deforum.settings import import_settings
from studio.rendering.errors import PlanError
from studio.services.catalogue import models as catalogue


@admin.register(ModelFile)
class ModelFileAdmin(StaffPage):
    list_display = (
        "name", "slug", "family", "model_type", "location", "enabled", "is_default", "price_per_frame", "max_pixels",
        "steps",
    )  # fmt: skip
    list_filter = ("enabled", "family", "model_type")
    search_fields = ("name", "slug", "location", "description")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("created_at", "updated_at")
    acts = MODEL_ACTS
    audited = "model"

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        # Renders protect their model by themselves.
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        effects = catalogue.effects_made_for([model.pk for model in objs])
        return deleted, counts, lacking, [*protected, *(f"effect: {name}" for name in effects)]


class PresetForm(forms.ModelForm):
    class Meta:
        model = Preset
        fields = ("tenant", "name", "slug", "description", "enabled", "settings")
        help_texts = {"tenant": "Empty: built in, for everyone."}

    def clean_settings(self) -> dict[str, object]:
        settings: dict[str, object] = self.cleaned_data["settings"]
        try:
            _, unknown = import_settings(settings)
        except PlanError as error:
            raise forms.ValidationError(error.message) from error
        if unknown:
            raise forms.ValidationError(
                f"These are no Deforum settings that have an effect here: {', '.join(unknown)}."
            )
        return settings


@admin.register(Preset)
class PresetAdmin(StaffPage):
    form = PresetForm
    list_display = ("name", "slug", "summary", "enabled", "tenant", "updated_at")
    exported = ("name", "slug", "description", "enabled", "tenant", "updated_at")
    list_filter = ("enabled", ("tenant", admin.EmptyFieldListFilter))
    list_select_related = ("tenant",)
    search_fields = ("name", "slug", "description", "tenant__domain")
    autocomplete_fields = ("tenant",)
    prepopulated_fields = {"slug": ("name",)}

    @admin.display(description="description")
    def summary(self, preset: Preset) -> str:
        return Truncator(preset.description).chars(70)
