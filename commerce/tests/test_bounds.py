"""Figures and days beyond what can be kept: refused with a reason, at every door."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import Order, Product, PromoCode
from commerce.services.audit import audit
from commerce.services.orders import place_order
from commerce.tests.shop import assert_refused
from effects.models import Category

pytestmark = pytest.mark.django_db


def test_the_credits_of_an_order(api: APIClient, package: Product) -> None:
    Product.objects.filter(pk=package.pk).update(credits=10_000_000)
    answer = api.post("/api/orders", {"productId": package.pk, "quantity": 300, "payment_method": "cash"})
    assert_refused(answer, 422, "validation_error")
    assert answer.json()["data"] == {"items": ["An order may grant at most 2147483647 credits."]}
    assert not Order.objects.exists()
    fewer = api.post("/api/orders", {"productId": package.pk, "quantity": 200, "payment_method": "cash"})
    assert fewer.status_code == 200


def test_the_same_product_many_times(api: APIClient, package: Product) -> None:
    Product.objects.filter(pk=package.pk).update(credits=100_000, price=999_999)
    items = [{"productId": package.pk, "quantity": 1000}] * 50
    answer = api.post("/api/orders", {"items": items, "payment_method": "cash"})
    assert_refused(answer, 422, "validation_error")
    assert len(answer.json()["data"]["items"]) == 2


def test_a_price_as_high_as_the_column(api: APIClient, package: Product) -> None:
    Product.objects.filter(pk=package.pk).update(price="999999999999999", credits=0)
    answer = api.post("/api/orders", {"productId": package.pk, "quantity": 1000, "payment_method": "cash"})
    assert_refused(answer, 422, "validation_error")


@pytest.mark.parametrize("quantity", [0, -1, 1001, 2**31, 2**63, 1.5, "many", True, None])
def test_quantities(api: APIClient, package: Product, quantity: Any) -> None:
    answer = api.post("/api/orders", {"items": [{"productId": package.pk, "quantity": quantity}],
                                      "payment_method": "cash"})  # fmt: skip
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["items.0.quantity"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": 10**9}, "price"),
        ({"price": "1e400"}, "price"),
        ({"price": "NaN"}, "price"),
        ({"price": "Infinity"}, "price"),
        ({"price": 0}, "price"),
        ({"price": "0.001"}, "price"),
        ({"credits": 2**31}, "credits"),
        ({"credits": -1}, "credits"),
        ({"availability": 2**31}, "availability"),
        ({"categoryId": 2**63}, "categoryId"),
    ],
)
def test_products(staff_api: APIClient, category: Category, change: dict[str, Any], field: str) -> None:
    body = {"categoryId": category.pk, "name": "Pack", "price": "9.99", **change}
    answer = staff_api.post("/api/products", body)
    assert (answer.status_code, list(answer.json()["data"])) == (422, [field])


@pytest.mark.parametrize("money", ["1e400", "NaN", 10**9, 10**18, 0, -1, "0.0001"])
def test_operations(api: APIClient, money: Any) -> None:
    wallet = api.get("/api/user-wallets").json()["data"]["items"][1]["id"]
    answer = api.post("/api/finance-operations", {"money": money, "type": 1, "walletId": wallet})
    assert (answer.status_code, list(answer.json()["data"])) == (422, ["money"])


class TestAdminPages:
    @pytest.fixture
    def page(self, client: Client, user: User) -> Client:
        user.role = User.Role.SUPER_ADMINISTRATOR
        user.save(update_fields=["role"])
        client.force_login(user)
        return client

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"price": 10**12}, "price"),
            ({"price": "9.999"}, "price"),
            ({"price": 0}, None),
            ({"credits": 2**31 - 1}, "credits"),
            ({"availability": 2**31 - 1}, "availability"),
        ],
    )
    def test_a_product(self, page: Client, category: Category, change: dict[str, Any], field: str | None) -> None:
        body = {"category": category.pk, "name": "Pack", "description": "", "price": "9.99", "credits": 5, **change}
        answer = page.post("/admin/commerce/product/add/", body)
        errors = answer.context["adminform"].form.errors
        assert (field or "__all__") in errors
        assert not Product.objects.exists()

    def test_a_good_product(self, page: Client, category: Category) -> None:
        body = {"category": category.pk, "name": "Pack", "description": "", "price": "9.99", "credits": 5}
        assert page.post("/admin/commerce/product/add/", body).status_code == 302
        assert Product.objects.get().price == Decimal("9.99")

    def test_a_promo_code_that_is_there_in_capitals(self, page: Client) -> None:
        PromoCode.objects.create(code="SPRING", kind="fixed", value=1)
        body = {"code": "spring", "kind": "fixed", "value": 1, "minimum": 0, "starts_at_0": "2026-01-01",
                "starts_at_1": "00:00:00"}  # fmt: skip
        answer = page.post("/admin/commerce/promocode/add/", body)
        assert "code" in answer.context["adminform"].form.errors


def test_a_discount_has_no_fractions_of_a_cent(user: User, package: Product) -> None:
    PromoCode.objects.create(code="ODD", kind="fixed", value=Decimal("1.005"))
    order = place_order(
        user=user, items=[{"product_id": package.pk, "quantity": 1}], payment_method="cash", promo_code="odd"
    )
    assert order.discount == round(order.discount, 2)
    assert audit() == []


@pytest.mark.parametrize("query", ["from=0001-01-01", "from=0001-01-01&to=9000-12-31&granularity=week"])
def test_far_ends_of_the_calendar(staff_api: APIClient, query: str) -> None:
    answer = staff_api.get(f"/api/admin/analytics/token-spending?{query}")
    assert (answer.status_code, answer.json()["data"]["total_tokens_spent"]) == (200, 0)


@pytest.mark.parametrize(
    "query",
    ["to=9999-12-31", "created_at:between=0001-01-01,9999-12-31", "to=10000-01-01", "to=2026-02-30", "from=-1", "to="],
)
def test_days_that_there_are_not(staff_api: APIClient, query: str) -> None:
    answer = staff_api.get(f"/api/admin/analytics/token-spending?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")


@pytest.mark.parametrize(
    "url",
    ["/api/administration/finance-operations/get-all?endDate=9999-12-31", "/api/products?categoryId=99999999999999",
     "/api/administration/finance-operations/get-all?created_at:between=0001-01-01,9999-12-31",
     "/api/orders/purchases?orderId=9223372036854775807", "/api/orders/99999999999999999999999",
     "/api/user-wallets/by-wallet-type-id/99999999999999999999999", "/api/admin/users/99999999999999999999/tokens"],
)  # fmt: skip
def test_figures_in_addresses(staff_api: APIClient, url: str) -> None:
    assert staff_api.get(url).status_code in (200, 404, 422)
