"""Orders over HTTP: the server's prices, who may do what, each state once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import django_rq
import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.mailbox import work
from commerce.models import Invoice, Order, Product, PromoCode
from commerce.services.audit import audit
from commerce.services.holds import hold_credits
from commerce.services.orders import expire_orders
from commerce.tests.shop import assert_refused, credits_of, money_of, put_money

pytestmark = pytest.mark.django_db

SIGNUP = 50


def place(api: APIClient, product: Product, method: str = "balance", **body: Any) -> Any:
    return api.post("/api/orders", {"productId": product.pk, "quantity": 1, "payment_method": method, **body})


def confirm(api: APIClient, order_id: int) -> Any:
    return api.patch("/api/orders/confirm-order", {"orderId": order_id})


def decide(api: APIClient, order_id: int, status: str) -> Any:
    return api.patch("/api/administration/orders/change-order-status", {"id": order_id, "status": status})


def test_the_server_computes_every_price(api: APIClient, user: User, package: Product) -> None:
    answer = api.post(
        "/api/orders",
        {
            "items": [
                {"productId": package.pk, "quantity": 2, "price": 0.01},
                {"productId": package.pk, "quantity": 1},
            ],
            "payment_method": "bank_transfer",
            "total_cost": 0.01,
            "discount": 29,
            "status": "paid",
        },
    )
    order = answer.json()["data"]
    assert order == {
        "id": order["id"],
        "number": f"{timezone.now():%Y}-{order['id']:06d}",
        "invoice_number": None,
        "status": "unpaid",
        "items": [
            {
                "productId": package.pk,
                "name": "Starter",
                "quantity": 3,
                "price": 9.99,
                "credits": 100,
                "cost": 29.97,
            }
        ],
        "products_cost": 29.97,
        "discount": 0,
        "total_cost": 29.97,
        "currency": "USD",
        "credits": 300,
        "promo_code": None,
        "payment_method": "bank_transfer",
        "customer": {"id": user.pk, "login": user.name},
        "seller": None,
        "created_at": order["created_at"],
        "paid_at": None,
        "status_history": [{"status": "unpaid", "note": "", "created_at": order["status_history"][0]["created_at"]}],
    }


def test_credits_bought_with_the_balance_come_once(api: APIClient, user: User, package: Product) -> None:
    put_money(user, 30)
    order_id = place(api, package).json()["data"]["id"]
    assert (credits_of(user), money_of(user)) == (SIGNUP, 30)
    for _ in range(2):
        answer = confirm(api, order_id)
        assert answer.json()["data"]["status"] == "finished"
    assert [line["status"] for line in answer.json()["data"]["status_history"]] == ["unpaid", "paid", "finished"]
    assert (credits_of(user), money_of(user)) == (SIGNUP + 100, Decimal("20.01"))
    assert audit() == []


def test_a_sale_moves_the_money_to_the_seller(
    api: APIClient, seller_api: APIClient, user: User, seller: User, artwork: Product
) -> None:
    put_money(user, 50)
    order_id = place(api, artwork, quantity=2).json()["data"]["id"]
    artwork.refresh_from_db()
    assert artwork.availability == 1
    confirm(api, order_id)
    assert (money_of(user), money_of(seller)) == (10, 40)
    (sale,) = seller_api.get(f"/api/orders/sales?customerLogin={user.name}").json()["data"]["items"]
    assert (sale["id"], sale["seller"]["id"]) == (order_id, seller.pk)
    (purchase,) = api.get("/api/orders/purchases?sellerLogin=seller&orderStatus=finished").json()["data"]["items"]
    assert purchase["id"] == order_id
    assert api.get("/api/orders/purchases?orderStatus=unpaid").json()["data"]["items"] == []
    assert_refused(confirm(seller_api, order_id), 404, "not_found")
    assert audit() == []


def test_without_the_money_nothing_moves(api: APIClient, user: User, artwork: Product) -> None:
    put_money(user, 10)
    order_id = place(api, artwork).json()["data"]["id"]
    answer = confirm(api, order_id)
    assert_refused(answer, 422, "insufficient_funds")
    assert answer.json()["data"] == {"required": 20, "balance": 10, "currency": "USD"}
    assert api.get(f"/api/orders/{order_id}").json()["data"]["status"] == "unpaid"
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("method", ["bank_transfer", "cash"])
def test_staff_see_a_transfer_arrive(
    method: str, api: APIClient, staff_api: APIClient, user: User, package: Product
) -> None:
    order_id = place(api, package, method).json()["data"]["id"]
    assert_refused(confirm(api, order_id), 422, "payment_pending")
    assert_refused(decide(api, order_id, "paid"), 403, "forbidden")
    assert credits_of(user) == SIGNUP
    for _ in range(2):
        assert decide(staff_api, order_id, "paid").json()["data"]["status"] == "paid"
    assert credits_of(user) == SIGNUP + 100
    assert confirm(api, order_id).json()["data"]["status"] == "finished"
    assert credits_of(user) == SIGNUP + 100


def test_a_refund_takes_everything_back_once(
    api: APIClient, staff_api: APIClient, user: User, seller: User, artwork: Product, package: Product
) -> None:
    put_money(user, 30)
    sale, credit = place(api, artwork).json()["data"]["id"], place(api, package).json()["data"]["id"]
    confirm(api, sale), confirm(api, credit)
    assert (money_of(user), money_of(seller), credits_of(user)) == (Decimal("0.01"), 20, SIGNUP + 100)
    for _ in range(2):
        assert decide(staff_api, sale, "refunded").json()["data"]["status"] == "refunded"
        assert decide(staff_api, credit, "refunded").json()["data"]["status"] == "refunded"
    assert (money_of(user), money_of(seller), credits_of(user)) == (30, 0, SIGNUP)
    assert audit() == []


def test_spent_credits_are_not_refunded(api: APIClient, staff_api: APIClient, user: User, package: Product) -> None:
    put_money(user, 10)
    order_id = place(api, package).json()["data"]["id"]
    confirm(api, order_id)
    hold_credits(user=user, amount=140, reference_type="test", reference_id=1, description="", idempotency_key="spent")
    assert_refused(decide(staff_api, order_id, "refunded"), 422, "credits_spent")
    assert (credits_of(user), money_of(user)) == (SIGNUP + 100, Decimal("0.01"))
    assert Order.objects.get().status == "finished"


def test_money_the_seller_has_spent_is_not_refunded(
    api: APIClient, seller_api: APIClient, staff_api: APIClient, user: User, seller: User, artwork: Product,
    package: Product,
) -> None:  # fmt: skip
    put_money(user, 20)
    order_id = place(api, artwork).json()["data"]["id"]
    confirm(api, order_id)
    confirm(seller_api, place(seller_api, package).json()["data"]["id"])
    assert_refused(decide(staff_api, order_id, "refunded"), 422, "sale_spent")
    assert (money_of(user), money_of(seller)) == (0, Decimal("10.01"))


@pytest.mark.parametrize(
    ("path", "status"),
    [((), "finished"), (("paid",), "canceled"), (("canceled",), "paid"), (("canceled",), "refunded"),
     (("paid", "refunded"), "finished"), (("paid", "finished"), "canceled"), (("paid",), "unpaid")],
)  # fmt: skip
def test_impossible_moves(
    path: tuple[str, ...], status: str, api: APIClient, staff_api: APIClient, user: User, package: Product
) -> None:
    order_id = place(api, package, "cash").json()["data"]["id"]
    for step in path:
        assert decide(staff_api, order_id, step).status_code == 200
    credits = credits_of(user)
    assert_refused(decide(staff_api, order_id, status), 422, "order_state")
    assert credits_of(user) == credits


def test_only_the_customer_spends_their_balance(
    api: APIClient, staff_api: APIClient, user: User, package: Product
) -> None:
    put_money(user, 10)
    order_id = place(api, package).json()["data"]["id"]
    assert_refused(decide(staff_api, order_id, "paid"), 422, "customer_must_confirm")
    assert money_of(user) == 10


def test_another_users_order_does_not_exist(
    api: APIClient, client_of: Callable[[User], APIClient], make_user: Callable[..., User], package: Product
) -> None:
    order_id = place(api, package).json()["data"]["id"]
    other = client_of(make_user())
    assert_refused(other.get(f"/api/orders/{order_id}"), 404, "not_found")
    assert_refused(other.get(f"/api/orders/{order_id}/receipt"), 404, "not_found")
    assert_refused(confirm(other, order_id), 404, "not_found")
    assert other.get("/api/orders/purchases").json()["data"]["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 10**20}, "quantity"),
        ({"quantity": "NaN"}, "quantity"),
        ({"productId": 10**9}, "items"),
        ({"productId": 10**30}, "productId"),
        ({"payment_method": "magic"}, "payment_method"),
        ({"payment_method": None}, "payment_method"),
        ({"items": []}, "items"),
        ({"items": [{"productId": 1}]}, "items"),
    ],
)
def test_bad_orders_name_the_field(api: APIClient, package: Product, change: dict[str, Any], field: str) -> None:
    answer = place(api, package, **change)
    assert answer.status_code == 422, answer.json()
    assert any(name.split(".")[0] == field for name in answer.json()["data"]), answer.json()
    assert not Order.objects.exists()


def test_own_mixed_and_withdrawn_products(
    api: APIClient, seller_api: APIClient, artwork: Product, package: Product
) -> None:
    assert_refused(place(seller_api, artwork), 422, "own_product")
    items = [{"productId": artwork.pk, "quantity": 1}, {"productId": package.pk, "quantity": 1}]
    assert_refused(api.post("/api/orders", {"items": items, "payment_method": "cash"}), 422, "mixed_sellers")
    seller_api.patch(f"/api/products/{artwork.pk}")
    assert place(api, artwork).status_code == 422
    assert not Order.objects.exists()


def test_stock_runs_out_and_comes_back(api: APIClient, staff_api: APIClient, artwork: Product) -> None:
    first = place(api, artwork, "cash", quantity=2).json()["data"]["id"]
    answer = place(api, artwork, "cash", quantity=2)
    assert_refused(answer, 422, "out_of_stock")
    assert answer.json()["data"] == {"productId": artwork.pk, "availability": 1}
    decide(staff_api, first, "canceled")
    assert place(api, artwork, "cash", quantity=3).status_code == 200
    artwork.refresh_from_db()
    assert artwork.availability == 0


def test_a_key_orders_once(api: APIClient, artwork: Product) -> None:
    answers = [place(api, artwork, idempotency_key="k1") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert_refused(place(api, artwork, quantity=2, idempotency_key="k1"), 422, "idempotency_conflict")
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "discount"),
    [({"value": 10}, 1), ({"value": 15}, 1.5), ({"value": 33}, 3.3), ({"kind": "fixed", "value": 4}, 4),
     ({"kind": "fixed", "value": 400}, 9.99)],
)  # fmt: skip
def test_promo_codes_discount(
    fields: dict[str, Any], discount: float, api: APIClient, package: Product, promo: Callable[..., PromoCode]
) -> None:
    promo(**fields)
    order = place(api, package, promo_code=" spring ").json()["data"]
    assert (order["discount"], order["promo_code"]) == (discount, "SPRING")
    assert order["total_cost"] == pytest.approx(9.99 - discount)
    assert order["status"] == ("paid" if discount == 9.99 else "unpaid")


def test_a_free_order_is_paid_at_once(
    api: APIClient, user: User, package: Product, promo: Callable[..., PromoCode]
) -> None:
    promo(value=100)
    order = place(api, package, "cash", promo_code="SPRING").json()["data"]
    assert (order["status"], order["total_cost"]) == ("paid", 0)
    assert credits_of(user) == SIGNUP + 100
    assert audit() == []


def hours(count: int) -> Any:
    return timezone.now() + timedelta(hours=count)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"code": "OTHER"}, "promo_code_unknown"),
        ({"active": False}, "promo_code_unknown"),
        ({"starts_at": hours(1)}, "promo_code_unknown"),
        ({"ends_at": hours(-1)}, "promo_code_expired"),
        ({"minimum": 10}, "promo_code_minimum"),
        ({"max_uses": 3, "uses": 3}, "promo_code_exhausted"),
    ],
)
def test_refused_promo_codes_leave_no_order(
    fields: dict[str, Any],
    code: str,
    api: APIClient,
    artwork: Product,
    package: Product,
    promo: Callable[..., PromoCode],
) -> None:
    made = promo(**fields)
    assert_refused(place(api, package, promo_code="SPRING"), 422, code)
    made.refresh_from_db()
    assert made.uses == fields.get("uses", 0)
    assert not Order.objects.exists()


def test_a_promo_code_per_user(
    api: APIClient, seller_api: APIClient, staff_api: APIClient, package: Product, promo: Callable[..., PromoCode]
) -> None:
    made = promo(max_uses_per_user=1)
    first = place(api, package, promo_code="SPRING").json()["data"]["id"]
    assert_refused(place(api, package, promo_code="SPRING"), 422, "promo_code_used")
    assert place(seller_api, package, promo_code="SPRING").status_code == 200
    decide(staff_api, first, "canceled")
    assert place(api, package, promo_code="SPRING").status_code == 200
    made.refresh_from_db()
    assert made.uses == 2


def test_invoices_have_no_gaps(api: APIClient, staff_api: APIClient, user: User, package: Product) -> None:
    year = timezone.now().year
    numbers = []
    for step in range(4):
        order_id = place(api, package, "balance" if step == 1 else "cash").json()["data"]["id"]
        if step == 1:
            assert_refused(confirm(api, order_id), 422, "insufficient_funds")
        else:
            numbers.append(decide(staff_api, order_id, "paid").json()["data"]["invoice_number"])
    assert numbers == [f"INV-{year}-{serial:06d}" for serial in (1, 2, 3)]


def test_the_receipt(api: APIClient, staff_api: APIClient, user: User, artwork: Product) -> None:
    Product.objects.update(name="<b>Bold</b>")
    order = place(api, artwork, "cash", quantity=2).json()["data"]
    assert_refused(api.get(f"/api/orders/{order['id']}/receipt"), 422, "order_not_paid")
    decide(staff_api, order["id"], "paid")
    answer = api.get(f"/api/orders/{order['id']}/receipt")
    assert answer.headers["Content-Type"].startswith("text/html")
    page = answer.content.decode()
    assert page.startswith("<!doctype html>")
    assert f"INV-{timezone.now().year}-000001" in page
    assert "40.00 USD" in page
    assert "&lt;b&gt;Bold" in page
    assert "<b>Bold" not in page


def test_what_nobody_pays_expires(api: APIClient, artwork: Product, promo: Callable[..., PromoCode]) -> None:
    code = promo()
    stale = place(api, artwork, promo_code="SPRING").json()["data"]["id"]
    transfer = place(api, artwork, "bank_transfer").json()["data"]["id"]
    Order.objects.update(created_at=hours(-49))
    fresh = place(api, artwork).json()["data"]["id"]
    assert expire_orders() == 1
    states = dict(Order.objects.values_list("pk", "status"))
    assert states == {stale: "canceled", transfer: "unpaid", fresh: "unpaid"}
    artwork.refresh_from_db()
    code.refresh_from_db()
    assert (artwork.availability, code.uses) == (1, 0)


def test_the_reaper_has_them_let_go_once_an_hour(
    api: APIClient, artwork: Product, django_capture_on_commit_callbacks: Any
) -> None:
    cache.delete("reap:hourly")
    queue = django_rq.get_queue(settings.BACKGROUND_QUEUE)
    queue.empty()
    stale = place(api, artwork).json()["data"]["id"]
    Order.objects.update(created_at=hours(-49))
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            call_command("reap", once=True)
    assert [job.func_name for job in queue.jobs].count("commerce.services.orders.expire_orders") == 1
    work()
    assert Order.objects.get(pk=stale).status == "canceled"


def test_staff_list_everybodys_orders(api: APIClient, staff_api: APIClient, user: User, package: Product) -> None:
    place(api, package)
    assert api.get("/api/administration/orders").status_code == 403
    found = staff_api.get(f"/api/administration/orders?customerLogin={user.name}&status:=unpaid").json()["data"]
    assert (found["totalItems"], found["filters"]) == (1, {"customerLogin": user.name, "status:=": "unpaid"})
