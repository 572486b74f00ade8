"""The catalogue's categories, of effects and of products alike."""

from __future__ import annotations

from django.db import models

# Words that stand where a slug could in `/api/categories/...`.
RESERVED_SLUGS = frozenset({"by-user-id"})


class Category(models.Model):
    """A shelf of the catalogue. Shared by all tenants, kept by staff."""

    class Kind(models.TextChoices):
        EFFECT = "effect"
        PRODUCT = "product"

    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True)
    description = models.TextField(blank=True)
    sort_order = models.IntegerField(default=0)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.EFFECT)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("sort_order", "id")
        verbose_name_plural = "categories"
        indexes = (models.Index(fields=("kind", "sort_order", "id"), name="category_kind"),)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(slug__in=sorted(RESERVED_SLUGS)), name="category_slug_not_reserved"
            ),
            # One of digits alone would be read as an id.
            models.CheckConstraint(condition=models.Q(slug__regex=r"[^0-9]"), name="category_slug_not_a_number"),
        )

    def __str__(self) -> str:
        return self.name
