"""The public gallery: what people published, who liked it, who complained."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from effects.models import Category, Effect

LIKE_WEIGHT = 10
"""A like says as much of a video as so many views."""


class GalleryItemQuerySet(models.QuerySet["GalleryItem"]):
    def public(self) -> GalleryItemQuerySet:
        """What everybody sees."""
        return self.filter(moderation=GalleryItem.Moderation.VISIBLE, published_at__isnull=False)


class GalleryItem(models.Model):
    """A video as the gallery shows it: shared by all tenants, and complete without the tenant's own tables.

    One row per video, for good: unpublishing empties ``published_at``, and publishing again brings the same row back
    with its likes and with what moderators decided. Names and tags are those of the publication.
    """

    class Moderation(models.TextChoices):
        VISIBLE = "visible"
        HIDDEN = "hidden"
        REMOVED = "removed"

    video = models.OneToOneField("studio.Video", on_delete=models.CASCADE, related_name="gallery_item")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    owner_name = models.CharField(max_length=255)
    title = models.CharField(max_length=255, blank=True)
    effect = models.ForeignKey(Effect, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    effect_name = models.CharField(max_length=255, blank=True)
    effect_slug = models.CharField(max_length=255, blank=True)
    category = models.ForeignKey(Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    category_name = models.CharField(max_length=255, blank=True)
    tags = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    keywords = models.TextField(blank=True, help_text="Tags and category in one text, to be searched.")
    recipe = models.JSONField(default=dict, blank=True, help_text="What a remix starts from; nothing private.")
    processed_file = models.ForeignKey("studio.MediaFile", on_delete=models.PROTECT, related_name="+")
    thumbnail_file = models.ForeignKey(
        "studio.MediaFile", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    poster_file = models.ForeignKey(
        "studio.MediaFile", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    duration = models.FloatField(null=True, blank=True, help_text="Seconds.")
    published_at = models.DateTimeField(null=True, blank=True)
    moderation = models.CharField(max_length=16, choices=Moderation.choices, default=Moderation.VISIBLE)
    moderation_note = models.TextField(blank=True)
    moderated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    moderated_at = models.DateTimeField(null=True, blank=True)
    views = models.PositiveBigIntegerField(default=0)
    likes = models.PositiveBigIntegerField(default=0)
    popularity = models.GeneratedField(
        expression=models.F("views") + models.F("likes") * LIKE_WEIGHT,
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    search = models.GeneratedField(
        expression=SearchVector("title", config="simple", weight="A")
        + SearchVector("effect_name", config="simple", weight="B")
        + SearchVector("keywords", config="simple", weight="C"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = GalleryItemQuerySet.as_manager()

    class Meta:
        ordering = ("-published_at", "-id")
        indexes = (
            *(
                models.Index(
                    fields=(*fields, "id"),
                    condition=models.Q(moderation="visible", published_at__isnull=False),
                    name=f"gallery_{name}",
                )
                for name, fields in {
                    "newest": ("published_at",),
                    "popular": ("popularity",),
                    "effect": ("effect", "published_at"),
                    "category": ("category", "published_at"),
                }.items()
            ),
            models.Index(fields=("owner", "-id"), name="gallery_owner"),
            models.Index(
                fields=("moderation", "-id"), condition=~models.Q(moderation="visible"), name="gallery_moderated"
            ),
            GinIndex(fields=("search",), name="gallery_search"),
            GinIndex(fields=("tags",), name="gallery_tags"),
        )

    def __str__(self) -> str:
        return self.title or f"gallery item {self.pk}"

    @property
    def is_public(self) -> bool:
        return self.moderation == self.Moderation.VISIBLE and self.published_at is not None


class GalleryLike(models.Model):
    """That a user likes an item: once."""

    item = models.ForeignKey(GalleryItem, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("item", "user"), name="gallery_like_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} likes {self.item_id}"


class GalleryReport(models.Model):
    """A complaint about an item; a user has one per item, open until moderators decide."""

    class Reason(models.TextChoices):
        SPAM = "spam"
        SEXUAL = "sexual"
        VIOLENCE = "violence"
        HATE = "hate"
        COPYRIGHT = "copyright"
        PRIVACY = "privacy"
        OTHER = "other"

    class Outcome(models.TextChoices):
        """What moderators decided: about the item, or that the complaint is unfounded."""

        VISIBLE = "visible"
        HIDDEN = "hidden"
        REMOVED = "removed"
        DISMISSED = "dismissed"

    item = models.ForeignKey(GalleryItem, on_delete=models.CASCADE, related_name="reports")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=16, choices=Reason.choices)
    details = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True, db_default="")
    resolution = models.CharField(max_length=500, blank=True, db_default="", help_text="Why.")

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("item", "user"), name="gallery_report_once"),)
        indexes = (
            models.Index(fields=("item",), condition=models.Q(resolved_at=None), name="gallery_report_open"),
            models.Index(fields=("id",), condition=models.Q(resolved_at=None), name="gallery_report_waiting"),
        )

    def __str__(self) -> str:
        return f"{self.reason}: item {self.item_id}"
