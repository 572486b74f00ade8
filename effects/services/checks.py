"""The rules of catalogue rows, and how a database that says no is understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from config.api.errors import ValidationFailed
from effects.models import RESERVED_SLUGS, Category, Effect
from effects.properties import check_placeholders, read_properties

SLUG_TAKEN = "The slug has already been taken."

# Columns, as requests call them.
_API_NAMES = {"category": "category_id", "model_file": "model_id"}


def check_effect(effect: Effect) -> None:
    """Raises ValidationFailed. The slug of a deleted effect counts as taken."""
    _check_slug(Effect, effect)
    _check_fields(effect, exclude=("slug", "popularity"))
    if effect.category and effect.category.kind != Category.Kind.EFFECT:
        raise _unknown("category_id")
    for name in ("thumbnail_url", "preview_video_url"):
        if getattr(effect, name) and not getattr(effect, name).startswith(("https://", "http://", "/")):
            raise ValidationFailed({name: ["Must be a web address, or a path on this site."]})
    try:
        check_placeholders(effect.parameters, read_properties(effect.configurable_properties))
    except ValueError as error:
        raise ValidationFailed({"parameters": [str(error)]}) from error


def check_category(category: Category) -> None:
    """Raises ValidationFailed."""
    if category.slug in RESERVED_SLUGS:
        raise ValidationFailed({"slug": ["This word is reserved."]})
    _check_slug(Category, category)


@contextmanager
def unique_slug() -> Iterator[None]:
    """Around a save: two requests at once can both find a slug free, and the database knows which was first."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "slug" not in str(error):
            raise
        raise ValidationFailed({"slug": [SLUG_TAKEN]}) from error


def _check_slug(model: type[Any], row: Effect | Category) -> None:
    if row.slug.isdigit():
        raise ValidationFailed({"slug": ["A slug of digits alone would be read as an id."]})
    if model.objects.exclude(pk=row.pk).filter(slug=row.slug).exists():
        raise ValidationFailed({"slug": [SLUG_TAKEN]})


def _check_fields(effect: Effect, exclude: Iterable[str]) -> None:
    try:
        effect.clean_fields(exclude=set(exclude))
    except ValidationError as error:
        fields = error.message_dict
        for column in _API_NAMES:
            if column in fields:
                raise _unknown(_API_NAMES[column]) from error
        raise ValidationFailed(fields) from error


def _unknown(field: str) -> ValidationFailed:
    return ValidationFailed({field: [f"The selected {field.replace('_', ' ')} is invalid."]})
