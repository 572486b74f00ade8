"""Products: offer, change, withdraw, and how many are left."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from commerce.models import Product
from commerce.services.currencies import check_amount
from config.api.errors import DomainError, Forbidden, NotFound, ValidationFailed, all_problems
from effects.models import Category


def create_product(*, user: User, values: Mapping[str, Any]) -> Product:
    """A user's product is sold for their own account; a staff member's is the studio's."""
    return _save(new_product(user=user), values)


def new_product(*, user: User) -> Product:
    """Not saved, and whose it will be."""
    return Product(seller=None if user.is_administrator else user)


def change_product(*, user: User, product: Product, values: Mapping[str, Any]) -> Product:
    """Replace what the product says. Orders keep what they were made with."""
    _ensure_owner(user, product)
    with transaction.atomic():
        # As it is now: it may have been withdrawn, or sold in part.
        return _save(_locked(product), values)


def toggle_product(*, user: User, product: Product, active: bool | None = None) -> Product:
    """Put the product on sale or take it off: as asked, or the other way round."""
    _ensure_owner(user, product)
    with transaction.atomic():
        product = _locked(product)
        product.active = not product.active if active is None else active
        product.save(update_fields=["active", "updated_at"])
    return product


def withdraw_product(*, user: User, product: Product) -> None:
    """Delete the product; orders that name it stay what they are."""
    _ensure_owner(user, product)
    with transaction.atomic():
        product = _locked(product)
        product.deleted_at = timezone.now()
        product.save(update_fields=["deleted_at", "updated_at"])


def find_product(*, user: User | AnonymousUser, product_id: int) -> Product:
    """A product on sale, or any existing one for its owner and staff."""
    product = Product.objects.existing().select_related("seller", "category").filter(pk=product_id).first()
    if product is None or not (product.active or _owns(user, product)):
        raise NotFound("Product not found")
    return product


def take_stock(quantities: Mapping[int, int]) -> None:
    """Take units off what is left, all or none; call inside the order's transaction."""
    # In the order of the keys, so that two orders never wait for each other.
    for product_id, quantity in sorted(quantities.items()):
        enough = Q(availability=None) | Q(availability__gte=quantity)
        if (
            not Product.objects.on_sale()
            .filter(enough, pk=product_id)
            .update(availability=F("availability") - quantity)
        ):
            product = Product.objects.get(pk=product_id)
            raise DomainError(
                "out_of_stock",
                f"Of {product.name} only {product.availability} are left.",
                data={"productId": product_id, "availability": product.availability},
            )


def return_stock(quantities: Mapping[int, int]) -> None:
    """What an order that came to nothing had taken."""
    for product_id, quantity in sorted(quantities.items()):
        Product.objects.filter(pk=product_id).update(availability=F("availability") + quantity)


def check_product(product: Product, values: Mapping[str, Any]) -> None:
    """Raises ValidationFailed with everything that these values break; what is not among them is not looked at."""
    problems: dict[str, list[str]] = {}
    shelves = Category.objects.filter(kind=Category.Kind.PRODUCT)
    if "category_id" in values and not shelves.filter(pk=values["category_id"]).exists():
        problems["categoryId"] = ["There is no such product category."]
    if values.get("credits") and product.seller is not None:
        problems["credits"] = ["Only the studio sells GPU credits."]
    if "price" in values:
        problems |= all_problems(partial(check_amount, values["price"], settings.CURRENCY, "price"))
    if problems:
        raise ValidationFailed(problems)


def _save(product: Product, values: Mapping[str, Any]) -> Product:
    with transaction.atomic():
        check_product(product, values)
        for name, value in values.items():
            setattr(product, name, value)
        if product.pk is None:
            product.save(force_insert=True)
        else:
            product.save(update_fields=[*values, "updated_at"])
    return product


def _locked(product: Product) -> Product:
    """The product until the transaction ends. Raises NotFound once it is withdrawn."""
    rows = Product.objects.existing().select_for_update(of=("self",)).select_related("seller", "category")
    found = rows.filter(pk=product.pk).first()
    if found is None:
        raise NotFound("Product not found")
    return found


def _owns(user: User | AnonymousUser, product: Product) -> bool:
    return isinstance(user, User) and (user.is_administrator or product.seller_id == user.pk)


def _ensure_owner(user: User, product: Product) -> None:
    if not _owns(user, product):
        raise Forbidden("This product belongs to another seller", code="not_owner")
