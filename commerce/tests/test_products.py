"""Products over HTTP: who may do what, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import Product
from effects.models import Category

pytestmark = pytest.mark.django_db


def body(category: Category, **changes: Any) -> dict[str, Any]:
    return {"categoryId": category.pk, "name": "Print", "description": "A3", "price": 12.5, **changes}


def test_the_life_of_a_product(seller_api: APIClient, anonymous: APIClient, seller: User, category: Category) -> None:
    answer = seller_api.post("/api/products", body(category, availability=3, id=77, seller=1))
    assert answer.status_code == 200, answer.json()
    product = answer.json()["data"]
    assert product == {
        "id": product["id"],
        "categoryId": category.pk,
        "name": "Print",
        "description": "A3",
        "price": 12.5,
        "credits": 0,
        "availability": 3,
        "active": True,
        "seller": {"id": seller.pk, "name": "seller"},
        "created_at": product["created_at"],
    }
    url = f"/api/products/{product['id']}"
    assert anonymous.get(url).json()["data"] == product
    listed = anonymous.get(f"/api/products?categoryId={category.pk}").json()["data"]
    assert (listed["items"], listed["totalItems"]) == ([product], 1)

    changed = seller_api.put(url, body(category, price="13.00")).json()["data"]
    assert (changed["price"], changed["availability"]) == (13, None)
    assert seller_api.patch(url).json()["data"]["active"] is False
    assert anonymous.get(url).status_code == 404
    assert anonymous.get("/api/products").json()["data"]["items"] == []
    assert seller_api.get("/api/products/get-products-for-user").json()["data"]["totalItems"] == 1
    assert seller_api.patch(url, {"active": False}).json()["data"]["active"] is False
    assert seller_api.delete(url).json()["success"] is True
    assert seller_api.get(url).status_code == 404
    assert Product.objects.get().deleted_at is not None


def test_staff_sell_for_the_studio(staff_api: APIClient, category: Category) -> None:
    answer = staff_api.post("/api/products", body(category, credits=100))
    assert answer.json()["data"]["seller"] is None
    assert answer.json()["data"]["credits"] == 100


def test_a_user_can_not_sell_credits_out_of_nothing(seller_api: APIClient, category: Category) -> None:
    answer = seller_api.post("/api/products", body(category, credits=1))
    assert answer.status_code == 422
    assert "credits" in answer.json()["data"]
    assert not Product.objects.exists()


def test_only_the_owner_and_staff_change_a_product(
    api: APIClient, anonymous: APIClient, staff_api: APIClient, artwork: Product, category: Category
) -> None:
    url = f"/api/products/{artwork.pk}"
    for client, status in ((anonymous, 401), (api, 403)):
        for answer in (client.put(url, body(category)), client.patch(url), client.delete(url)):
            assert answer.status_code == status, answer.json()
    artwork.refresh_from_db()
    assert (artwork.name, artwork.active, artwork.deleted_at) == ("Artwork", True, None)
    assert staff_api.patch(url).json()["data"]["active"] is False


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", 0),
        ("price", -1),
        ("price", "NaN"),
        ("price", "Infinity"),
        ("price", "1e400"),
        ("price", "12345678901234567890"),
        ("price", 9.999),
        ("price", "nine"),
        ("price", None),
        ("credits", -1),
        ("credits", 10**12),
        ("availability", -1),
        ("name", ""),
        ("name", "n" * 256),
        ("categoryId", 10**6),
        ("categoryId", 10**30),
        ("categoryId", "x"),
    ],
)
def test_bad_input_names_the_field(staff_api: APIClient, category: Category, field: str, value: Any) -> None:
    answer = staff_api.post("/api/products", body(category, **{field: value}))
    assert answer.status_code == 422
    assert list(answer.json()["data"]) == [field]
    assert not Product.objects.exists()


def test_an_effect_category_holds_no_products(staff_api: APIClient) -> None:
    effect = Category.objects.create(name="Art", slug="art", kind=Category.Kind.EFFECT)
    assert "categoryId" in staff_api.post("/api/products", body(effect)).json()["data"]


def test_categories_of_a_user(
    seller_api: APIClient, api: APIClient, seller: User, artwork: Product, category: Category
) -> None:
    Category.objects.create(name="Empty", slug="empty", kind=Category.Kind.PRODUCT)
    mine = seller_api.get("/api/categories/by-user-id").json()["data"]["items"]
    assert [(c["slug"], [p["id"] for p in c["products"]]) for c in mine] == [("packages", [artwork.pk])]
    theirs = api.get(f"/api/categories/by-user-id/{seller.pk}").json()["data"]["items"]
    assert theirs == mine
    Product.objects.update(active=False)
    assert api.get(f"/api/categories/by-user-id/{seller.pk}").json()["data"]["items"] == []
    assert seller_api.get("/api/categories/by-user-id").json()["data"]["totalItems"] == 1
    assert api.get("/api/categories/by-user-id/99999999").status_code == 404


def test_a_text_that_may_be_left_out_may_be_null(api: APIClient, category: Category) -> None:
    body = {"categoryId": category.pk, "name": "Drawing", "price": 5, "description": None}
    assert api.post("/api/products", body).json()["data"]["description"] == ""
    wallets = api.get("/api/user-wallets").json()["data"]["items"]
    wallet = next(wallet for wallet in wallets if wallet["currency"] == "USD")
    kept = api.put("/api/user-wallets", {"id": wallet["id"], "info": None})
    assert (kept.status_code, kept.json()["data"]["info"]) == (200, wallet["info"])
    asked = api.post("/api/finance-operations", {"money": 5, "type": 1, "walletId": wallet["id"], "info": None})
    operation = asked.json()["data"]
    called_off = api.put(f"/api/finance-operations/{operation['id']}", {"cancelInfo": None})
    assert called_off.json()["data"]["status"] == 4
