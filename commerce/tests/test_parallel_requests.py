"""Two decisions about the same money at once, over HTTP: one of them counts, and nobody sees a server error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import Order, Product
from commerce.services.audit import audit
from commerce.services.orders import place_order
from commerce.services.wallets import balance_wallet, open_credit_wallet
from commerce.tests.races import race
from commerce.tests.shop import credits_of, money_of, put_money

pytestmark = pytest.mark.django_db(transaction=True)

STATUS = "/api/administration/orders/change-order-status"
CONFIRM = "/api/orders/confirm-order"
OPERATION = "/api/finance-operations/change-finance-operation-status"

Act = Callable[[], Any]


@pytest.fixture
def order(user: User, package: Product) -> Order:
    open_credit_wallet(user=user)
    return place_order(user=user, items=[{"product_id": package.pk, "quantity": 1}], payment_method="cash")


@pytest.fixture
def acts(api: APIClient, staff_api: APIClient, order: Order) -> dict[str, Act]:
    def decide(status: str) -> Act:
        return lambda: staff_api.patch(STATUS, {"id": order.pk, "status": status})

    return {
        **{status: decide(status) for status in ("paid", "finished", "canceled", "refunded")},
        "confirm": lambda: api.patch(CONFIRM, {"orderId": order.pk}),
    }


def statuses(answers: list[Any]) -> list[int]:
    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    return sorted(answer.status_code for answer in answers)


@pytest.mark.parametrize(
    ("before", "at_once"),
    [
        ((), ("paid", "paid", "paid", "paid")),
        ((), ("canceled", "canceled", "canceled", "canceled")),
        ((), ("paid", "canceled", "paid", "canceled")),
        ((), ("confirm", "paid", "canceled", "finished")),
        (("paid",), ("refunded", "refunded", "refunded", "refunded")),
        (("paid",), ("confirm", "confirm", "confirm", "confirm")),
        (("paid",), ("refunded", "confirm", "refunded", "finished")),
        (("paid",), ("canceled", "refunded", "canceled", "refunded")),
        (("paid", "confirm"), ("refunded", "refunded", "confirm", "finished")),
    ],
)
def test_an_order(
    user: User, order: Order, acts: dict[str, Act], before: tuple[str, ...], at_once: tuple[str, ...]
) -> None:
    for name in before:
        assert acts[name]().status_code == 200
    answers = race([acts[name] for name in at_once])
    assert set(statuses(answers)) <= {200, 409, 422}
    if len(set(at_once)) == 1:
        # The very same asked twice is no mistake.
        assert statuses(answers) == [200] * 4
    order.refresh_from_db()
    granted = order.status in (Order.Status.PAID, Order.Status.FINISHED)
    assert credits_of(user) == (150 if granted else 50)
    assert audit() == []


def test_a_sale_is_paid_back_once(
    api: APIClient, staff_api: APIClient, user: User, seller: User, artwork: Product
) -> None:
    put_money(user, 20)
    bought = place_order(user=user, items=[{"product_id": artwork.pk, "quantity": 1}], payment_method="balance")
    assert api.patch(CONFIRM, {"orderId": bought.pk}).status_code == 200
    answers = race([lambda: staff_api.patch(STATUS, {"id": bought.pk, "status": "refunded"})] * 4)
    assert statuses(answers) == [200] * 4
    assert (money_of(user), money_of(seller)) == (20, 0)
    assert audit() == []


@pytest.mark.parametrize("at_once", [(2, 2, 2, 2), (4, 4, 4, 4), (2, 4, 2, 4), (3, 2, 4, 3)])
def test_a_finance_operation(api: APIClient, staff_api: APIClient, user: User, at_once: tuple[int, ...]) -> None:
    wallets = api.get("/api/user-wallets").json()["data"]["items"]
    wallet_id = next(wallet["id"] for wallet in wallets if wallet["currency"] == "USD")
    operation = api.post("/api/finance-operations", {"money": 10, "type": 1, "walletId": wallet_id}).json()["data"]
    bodies = [{"id": operation["id"], "status": status} for status in at_once]
    answers = race([lambda body=body: staff_api.patch(OPERATION, body) for body in bodies])
    assert set(statuses(answers)) <= {200, 409, 422}
    final = api.get(f"/api/finance-operations/{operation['id']}").json()["data"]["status"]
    assert money_of(user) == (10 if final == 2 else 0)
    assert audit() == []


@pytest.mark.parametrize("attempt", range(3))
def test_a_wallet_that_is_deleted_gets_its_money(
    api: APIClient, staff_api: APIClient, seller_api: APIClient, seller: User, user: User, artwork: Product,
    attempt: int,
) -> None:  # fmt: skip
    wallet = balance_wallet(user=seller)
    bought = place_order(user=user, items=[{"product_id": artwork.pk, "quantity": 1}], payment_method="cash")
    assert staff_api.patch(STATUS, {"id": bought.pk, "status": "paid"}).status_code == 200

    def delete() -> Any:
        return seller_api.delete(f"/api/user-wallets/{wallet.pk}")

    answers = race([delete, lambda: api.patch(CONFIRM, {"orderId": bought.pk}), delete])
    assert answers[1].status_code == 200
    assert money_of(seller) == 20
    assert {answers[0].status_code, answers[2].status_code} <= {200, 404, 422}
    assert audit() == []


def test_what_is_refunded_can_not_be_cancelled(staff_api: APIClient, order: Order, acts: dict[str, Act]) -> None:
    acts["paid"]()
    answer = acts["canceled"]()
    assert (answer.status_code, answer.json()["code"]) == (422, "order_state")
