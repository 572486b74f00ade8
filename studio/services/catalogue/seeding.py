"""The catalogue a new studio starts with."""

from __future__ import annotations

from django.db import transaction

from effects.services.seeding import seed_effects
from studio.models import ModelFile, Preset
from studio.rendering.deforum.presets import presets
from tenants.scope import all_tenants

BUILTIN_MODEL = "mage-mini"


@transaction.atomic
def seed_catalogue() -> int:
    """Create what is missing; answers how many rows. Rows that exist keep what staff made of them."""
    _, created = ModelFile.objects.get_or_create(
        slug=BUILTIN_MODEL,
        defaults={
            "name": "Mage Mini",
            "description": "The small model that ships with the studio: quick on a laptop, fond of clear styles.",
            "version": "1",
            "family": ModelFile.Family.SD15,
            "location": "builtin:",
            "is_default": not ModelFile.objects.filter(is_default=True).exists(),
            "max_pixels": 320 * 180,
            "steps": 8,
        },
    )
    count = int(created)
    _, created = ModelFile.objects.get_or_create(
        slug="canny",
        defaults={
            "name": "Canny edges",
            "description": "Lets Mage Mini keep the outlines of the source.",
            "version": "1",
            "family": ModelFile.Family.SD15,
            "model_type": "controlnet",
            "location": "builtin:controlnet",
        },
    )
    count += int(created)
    # Built-in presets belong to no tenant: a system row, hence outside every tenant's scope.
    with all_tenants():
        for preset in presets().values():
            _, created = Preset.objects.get_or_create(
                tenant=None,
                slug=preset.slug,
                defaults={"name": preset.name, "description": preset.description, "settings": dict(preset.template)},
            )
            count += int(created)
    return count + seed_effects()
