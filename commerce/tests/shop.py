"""A small shop: staff, customers, a credit package, a user's own product."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import Product, PromoCode
from commerce.services.audit import audit
from commerce.services.ledger import enroll
from commerce.services.wallets import open_credit_wallet, personal_balance
from effects.models import Category
from tenants.scope import all_tenants
from tests.fixtures import UserFactory


@pytest.fixture
def staff(make_user: UserFactory) -> User:
    return make_user(name="staff", role=User.Role.ADMINISTRATOR)


@pytest.fixture
def staff_api(staff: User, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(staff)


@pytest.fixture
def seller(make_user: UserFactory) -> User:
    return make_user(name="seller")


@pytest.fixture
def seller_api(seller: User, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(seller)


@pytest.fixture
def category(db: None) -> Category:
    return Category.objects.create(name="Packages", slug="packages", kind=Category.Kind.PRODUCT)


@pytest.fixture
def package(category: Category) -> Product:
    """100 credits for 9.99, from the studio."""
    return Product.objects.create(category=category, name="Starter", price=Decimal("9.99"), credits=100)


@pytest.fixture
def artwork(category: Category, seller: User) -> Product:
    """A user's own product, 20 a piece, three left."""
    return Product.objects.create(category=category, seller=seller, name="Artwork", price=Decimal(20), availability=3)


@pytest.fixture
def promo(db: None) -> Callable[..., PromoCode]:
    def make(code: str = "SPRING", **fields: Any) -> PromoCode:
        return PromoCode.objects.create(**{"code": code, "kind": "percentage", "value": 10, **fields})

    return make


def put_money(user: User, amount: int | str, key: str = "gift") -> None:
    """Money into the personal balance."""
    with all_tenants():
        enroll(wallet=personal_balance(user=user), amount=Decimal(amount), idempotency_key=f"{key}:{user.pk}")


def money_of(user: User) -> Decimal:
    return personal_balance(user=user).balance


def credits_of(user: User) -> int:
    """All credits, those held included."""
    return int(open_credit_wallet(user=user).balance)


def assert_refused(answer: Any, status: int, code: str) -> None:
    """A refusal in the envelope, and a ledger that it left sound."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.json()
    assert answer.json()["success"] is False
    assert audit() == []
