"""The effect: a look that users apply to their videos."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Cast
from django.utils import timezone

from effects.models.categories import Category
from effects.properties import STANDARD, check_model, check_properties, check_template

_COUNT = models.DecimalField(max_digits=22, decimal_places=2)


class EffectQuerySet(models.QuerySet["Effect"]):
    def public(self) -> EffectQuerySet:
        """What everybody sees."""
        return self.filter(deleted_at=None, is_active=True)


class Effect(models.Model):
    """A named set of generation parameters with a price. Shared by all tenants, kept by staff.

    A deleted effect stays as a row: videos made with it keep their history, and its slug stays taken.
    """

    class Type(models.TextChoices):
        VIDEO_TRANSFORM = "video_transform"
        ANIMATION = "animation"

    WORKFLOWS: ClassVar[dict[str, str]] = {Type.VIDEO_TRANSFORM: "vid2vid", Type.ANIMATION: "deforum"}

    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True)
    description = models.TextField(blank=True)
    category = models.ForeignKey(Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="effects")
    tags = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    type = models.CharField(max_length=32, choices=Type.choices)
    # Whoever renders keeps the models (``effects.hooks``): here it is a number, in the database a foreign key.
    model_file_id = models.BigIntegerField(
        "model", null=True, blank=True, db_index=True, validators=[check_model],
        help_text="The model it is made for; empty: the studio's default.",
    )  # fmt: skip
    parameters = models.JSONField(
        default=dict,
        blank=True,
        validators=[check_template],
        help_text="Generation parameters; {{key}} stands for the value of a configurable property.",
    )
    configurable_properties = models.JSONField(
        default=list, blank=True, validators=[check_properties], help_text="What users may set, and within what range."
    )
    thumbnail_url = models.CharField(max_length=2048, blank=True)
    preview_video_url = models.CharField(max_length=2048, blank=True)
    credits_cost = models.PositiveIntegerField(help_text="GPU credits for one use.")
    is_active = models.BooleanField(default=True)
    is_premium = models.BooleanField(default=False)
    is_new = models.BooleanField(default=False)
    popularity_score = models.DecimalField(
        max_digits=12, decimal_places=2, default=Decimal(0), validators=[MinValueValidator(0)],
        help_text="A head start that staff give: counts like so many uses.",
    )  # fmt: skip
    sort_order = models.IntegerField(default=0, help_text="Where staff put it, for lists in their order.")
    use_count = models.PositiveBigIntegerField(default=0, editable=False)
    popularity = models.GeneratedField(
        expression=models.F("popularity_score")
        + Cast("use_count", models.DecimalField(max_digits=22, decimal_places=2)),
        output_field=models.DecimalField(max_digits=22, decimal_places=2),
        db_persist=True,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = EffectQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("category", "id"), name="effect_category"),
            GinIndex(fields=("tags",), name="effect_tags"),
            models.Index(
                fields=("popularity", "id"),
                condition=models.Q(deleted_at=None, is_active=True),
                name="effect_popularity",
            ),
            models.Index(
                fields=("sort_order", "id"),
                condition=models.Q(deleted_at=None, is_active=True),
                name="effect_sort_order",
            ),
            # The public list counts and pages through these rows alone.
            models.Index(fields=("id",), condition=models.Q(deleted_at=None, is_active=True), name="effect_public"),
        )
        constraints = (
            # One of digits alone would be read as an id.
            models.CheckConstraint(condition=models.Q(slug__regex=r"[^0-9]"), name="effect_slug_not_a_number"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def workflow(self) -> str:
        """Which of the renderer's workflows makes it: ``vid2vid`` or ``deforum``."""
        return self.WORKFLOWS[self.type]

    @property
    def is_offered(self) -> bool:
        return self.is_active and not self.is_deleted

    @property
    def offered_properties(self) -> list[dict[str, object]]:
        """What users may set: the effect's own properties, or the standard ones where staff have written nothing."""
        return self.configurable_properties if self.configurable_properties or self.parameters else STANDARD

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    def mark_deleted(self) -> None:
        self.deleted_at = timezone.now()
