"""What a render can use: models and Deforum presets."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models

from tenants.managers import SharedTenantManager
from tenants.models import Tenant, TenantModel


class ModelFile(models.Model):
    """A diffusion model that users may choose. Shared by all tenants, kept by staff."""

    class Family(models.TextChoices):
        SD15 = "sd15", "Stable Diffusion 1.5"
        SDXL = "sdxl", "Stable Diffusion XL"
        ANIMATEDIFF = "animatediff", "AnimateDiff"

    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=127, unique=True)
    description = models.TextField(blank=True)
    version = models.CharField(max_length=64, blank=True)
    family = models.CharField(max_length=32, choices=Family.choices, default=Family.SD15)
    model_type = models.CharField(
        max_length=32, default="checkpoint", help_text="What it is: checkpoint, lora, controlnet, depth."
    )
    location = models.CharField(
        max_length=512,
        help_text="A diffusers folder or a .safetensors file; relative to the model folder, or builtin:.",
    )
    preview_url = models.CharField(max_length=512, blank=True)
    enabled = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    price_per_frame = models.PositiveIntegerField(default=0, help_text="GPU credits for one frame.")
    max_pixels = models.PositiveIntegerField(default=512 * 512, help_text="Pixels of a rendered frame at most.")
    steps = models.PositiveIntegerField(default=20, help_text="Denoising steps unless a request says otherwise.")
    scheduler = models.CharField(max_length=32, blank=True, help_text="Empty: the model's own.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("is_default",), condition=models.Q(is_default=True), name="modelfile_one_default"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Preset(TenantModel):
    """A named Deforum settings file. Rows without a tenant are built in and read by everyone."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="+")  # type: ignore[assignment]
    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=127)
    description = models.TextField(blank=True)
    settings = models.JSONField(default=dict, help_text="Deforum's own JSON vocabulary.")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[SharedTenantManager[Self]] = SharedTenantManager()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("tenant", "slug"), name="preset_slug_unique", nulls_distinct=False),
        )

    def __str__(self) -> str:
        return self.name
