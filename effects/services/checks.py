"""The rules of catalogue rows, and how a database that says no is understood."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from config.api.errors import ValidationFailed, all_problems
from effects.models import RESERVED_SLUGS, Category, Effect
from effects.properties import check_placeholders, check_workflow, read_properties

SLUG_TAKEN = "The slug has already been taken."

# Columns, as requests call them.
_API_NAMES = {"category": "category_id", "model_file_id": "model_id"}


def check_effect(effect: Effect, fields: Collection[str] | None = None) -> None:
    """Raises ValidationFailed with everything that is wrong. The slug of a deleted effect counts as taken.

    fields: the columns that are looked at; all unless given.
    """
    asked = {field.attname for field in Effect._meta.fields} if fields is None else set(fields)
    rules = [
        partial(_check_fields, effect, asked - {"slug", "popularity"}),
        *([partial(_check_slug, Effect, effect)] if "slug" in asked else []),
        *([partial(_check_shelf, effect)] if "category_id" in asked else []),
        *(partial(_check_address, effect, name) for name in ("thumbnail_url", "preview_video_url") if name in asked),
        *([partial(_check_placeholders, effect)] if asked & {"parameters", "configurable_properties"} else []),
        *([partial(_check_workflow, effect)] if asked & {"parameters", "type"} else []),
    ]
    if problems := all_problems(*rules):
        raise ValidationFailed(problems)


def check_category(category: Category, fields: Collection[str] = ("slug",)) -> None:
    """Raises ValidationFailed; ``fields`` as for effects."""
    if "slug" in fields:
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


def _check_slug(model: type[Effect] | type[Category], row: Effect | Category) -> None:
    if row.slug.isdigit():
        raise ValidationFailed({"slug": ["A slug of digits alone would be read as an id."]})
    if model.objects.exclude(pk=row.pk).filter(slug=row.slug).exists():
        raise ValidationFailed({"slug": [SLUG_TAKEN]})


def _check_fields(effect: Effect, asked: set[str]) -> None:
    others = {field.name for field in Effect._meta.fields if field.attname not in asked}
    try:
        effect.clean_fields(exclude=others)
    except ValidationError as error:
        fields = error.message_dict
        unknown = [_unknown(name).fields for column, name in _API_NAMES.items() if fields.pop(column, None)]
        raise ValidationFailed(
            {**fields, **{name: list(why) for row in unknown for name, why in row.items()}}
        ) from error


def _check_shelf(effect: Effect) -> None:
    # One that does not exist is found by the check of the column.
    if Category.objects.filter(pk=effect.category_id or 0).exclude(kind=Category.Kind.EFFECT).exists():
        raise _unknown("category_id")


def _check_address(effect: Effect, name: str) -> None:
    if getattr(effect, name) and not getattr(effect, name).startswith(("https://", "http://", "/")):
        raise ValidationFailed({name: ["Must be a web address, or a path on this site."]})


def _check_placeholders(effect: Effect) -> None:
    try:
        properties = read_properties(effect.configurable_properties)
    except ValueError:
        # The check of the column tells why.
        return
    try:
        check_placeholders(effect.parameters, properties)
    except ValueError as error:
        raise ValidationFailed({"parameters": [str(error)]}) from error


def _check_workflow(effect: Effect) -> None:
    # What is no type, or no object, the check of the column tells.
    if effect.type in Effect.WORKFLOWS and isinstance(effect.parameters, dict):
        try:
            check_workflow(effect.parameters, effect.workflow)
        except ValidationError as error:
            raise ValidationFailed({"parameters": error.messages}) from error


def _unknown(field: str) -> ValidationFailed:
    return ValidationFailed({field: [f"The selected {field.replace('_', ' ')} is invalid."]})
