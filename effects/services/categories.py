"""Categories: find, keep, delete."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import ProtectedError

from config.api.errors import DomainError, NotFound
from config.api.freshness import outdate
from effects.models import Category
from effects.services.catalogue import LIST
from effects.services.checks import check_category, unique_slug


def find_category(category_id: int) -> Category:
    """Raises NotFound."""
    category = Category.objects.filter(pk=category_id).first()
    if category is None:
        raise NotFound("Category not found")
    return category


def create_category(*, values: Mapping[str, object]) -> Category:
    """Raises ValidationFailed."""
    category = Category(**values)
    check_category(category)
    with unique_slug():
        category.save(force_insert=True)
    return category


def update_category(category: Category, *, changes: Mapping[str, object]) -> Category:
    """Raises ValidationFailed; then nothing has changed."""
    for name, value in changes.items():
        setattr(category, name, value)
    check_category(category)
    with unique_slug():
        category.save(update_fields=[*changes, "updated_at"])
    return category


@transaction.atomic
def delete_category(category: Category) -> None:
    """Its effects stay, without a category. Raises DomainError ``category_in_use`` while products are in it."""
    try:
        category.delete()
    except ProtectedError as error:
        raise DomainError("category_in_use", "This category still has products.") from error
    outdate(LIST)
