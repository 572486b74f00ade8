"""What staff see: purchases, tokens, spending; and the Django admin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import RENDER, FinanceOperation, Product
from commerce.services.holds import capture_hold, hold_credits
from commerce.services.orders import change_status, confirm_order, place_order
from commerce.tests.shop import put_money
from tenants.scope import all_tenants

pytestmark = pytest.mark.django_db

SPENDING = "/api/admin/analytics/token-spending"


def spend(user: User, amount: int, job: int, effect: tuple[int, str] | None = None, day: str | None = None) -> None:
    """A finished render, on a day of the past if need be."""
    details: dict[str, Any] = {"effect_id": effect[0], "effect_name": effect[1]} if effect else {}
    hold = hold_credits(
        user=user, amount=amount, reference_type=RENDER, reference_id=job, description="Applied effect: Cartoon Style",
        idempotency_key=f"render:{job}", **details,
    )  # fmt: skip
    entry = capture_hold(hold)
    if day is not None:
        _move_to(entry, day)


def _move_to(entry: FinanceOperation, day: str) -> None:
    """The ledger lets nobody do this, so its guard is sent away for a moment."""
    guard = "commerce_financeoperation {} TRIGGER commerce_ledger_is_append_only"
    with all_tenants(), connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE {guard.format('DISABLE')}")
        cursor.execute(
            "UPDATE commerce_financeoperation SET created_at = %s WHERE id = %s",
            [datetime.fromisoformat(day).replace(tzinfo=UTC), entry.pk],
        )
        cursor.execute(f"ALTER TABLE {guard.format('ENABLE')}")


def test_purchases_are_paid_orders(
    api: APIClient, staff_api: APIClient, staff: User, user: User, package: Product
) -> None:
    put_money(user, 30)
    item = [{"product_id": package.pk, "quantity": 1}]
    bought, refunded, _unpaid = (place_order(user=user, items=item, payment_method="balance") for _ in range(3))
    for order in (bought, refunded):
        confirm_order(user=user, order=order)
    refunded.refresh_from_db()
    change_status(staff=staff, order=refunded, status="refunded")
    url = f"/api/admin/users/{user.pk}/purchases"
    assert api.get(url).status_code == 403
    data = staff_api.get(f"{url}?order=id:asc").json()["data"]
    assert data["items"][0] == {
        "id": bought.pk,
        "user_id": user.pk,
        "amount": 9.99,
        "tokens_purchased": 100,
        "status": "completed",
        "payment_provider": "balance",
        "created_at": data["items"][0]["created_at"],
    }
    assert [row["status"] for row in data["items"]] == ["completed", "refunded"]
    assert staff_api.get("/api/admin/users/99999999/purchases").status_code == 404


def test_tokens_are_the_credit_entries(api: APIClient, staff_api: APIClient, user: User) -> None:
    put_money(user, 30)
    spend(user, 10, job=77)
    url = f"/api/admin/users/{user.pk}/tokens"
    assert api.get(url).status_code == 403
    debit, credit = staff_api.get(url).json()["data"]["items"]
    assert debit == {
        "id": debit["id"],
        "user_id": user.pk,
        "type": "debit",
        "amount": 10,
        "balance_after": 40,
        "description": "Applied effect: Cartoon Style",
        "reference_type": "ai_job",
        "reference_id": 77,
        "created_at": debit["created_at"],
    }
    assert (credit["type"], credit["amount"], credit["balance_after"]) == ("credit", 50, 50)
    assert staff_api.get("/api/admin/users/99999999/tokens").status_code == 404


def test_spending_by_period_and_effect(api: APIClient, staff_api: APIClient, user: User, seller: User) -> None:
    cartoon, sketch = (1, "Cartoon Style"), (2, "Sketch")
    spend(user, 5, 1, cartoon, "2026-01-05")
    spend(user, 7, 2, sketch, "2026-01-06T23:59:59")
    spend(seller, 9, 3, cartoon, "2026-02-01")
    spend(seller, 2, 4, None, "2026-02-02")
    assert api.get(SPENDING).status_code == 403

    data = staff_api.get(f"{SPENDING}?from=2026-01-01&to=2026-02-14&granularity=month").json()["data"]
    assert data == {
        "total_tokens_spent": 23,
        "total_transactions": 4,
        "period": {"from": "2026-01-01", "to": "2026-02-14"},
        "by_effect": [
            {"effect_id": 1, "effect_name": "Cartoon Style", "tokens_spent": 14, "usage_count": 2},
            {"effect_id": 2, "effect_name": "Sketch", "tokens_spent": 7, "usage_count": 1},
        ],
        "by_period": [
            {"period": "2026-01-01", "tokens_spent": 12, "usage_count": 2},
            {"period": "2026-02-01", "tokens_spent": 11, "usage_count": 2},
        ],
    }
    january = staff_api.get(f"{SPENDING}?created_at:between=2026-01-06,2026-01-31").json()["data"]
    assert (january["total_tokens_spent"], january["by_period"][0]["period"]) == (7, "2026-01-06")
    weeks = staff_api.get(f"{SPENDING}?granularity=week&to=2026-01-31").json()["data"]
    assert [week["period"] for week in weeks["by_period"]] == ["2026-01-05"]
    assert weeks["period"]["from"] == "2026-01-05"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("to=2026-13-01", "to"),
        ("from=2026-02-01&to=2026-01-01", "from"),
        ("granularity=year", "granularity"),
        ("created_at:between=2026-01-01", "created_at:between"),
        ("user_id:=1", "user_id:"),
    ],
)
def test_bad_spending_queries(query: str, field: str, staff_api: APIClient) -> None:
    answer = staff_api.get(f"{SPENDING}?{query}")
    assert answer.status_code == 422
    assert list(answer.json()["data"]) == [field]


def test_nothing_spent(staff_api: APIClient) -> None:
    data = staff_api.get(SPENDING).json()["data"]
    assert (data["total_tokens_spent"], data["total_transactions"], data["by_effect"]) == (0, 0, [])


@pytest.mark.parametrize(
    "model",
    ["wallet", "wallettype", "financeoperation", "credithold", "product", "promocode", "order", "invoice", "payment",
     "paymentevent"],
)  # fmt: skip
def test_the_admin_lists_and_shows(model: str, staff: User, user: User, package: Product) -> None:
    put_money(user, 30)
    spend(user, 10, job=77)
    order = place_order(user=user, items=[{"product_id": package.pk, "quantity": 1}], payment_method="balance")
    confirm_order(user=user, order=order)
    client = Client()
    client.force_login(staff)
    page = client.get(f"/admin/commerce/{model}/")
    assert page.status_code == 200
    assert client.get(f"/admin/commerce/{model}/?q=1").status_code == 200
    rows = page.context["cl"].result_list
    for row in list(rows)[:1]:
        assert client.get(f"/admin/commerce/{model}/{row.pk}/change/").status_code == 200


@pytest.mark.parametrize("model", ["financeoperation", "credithold", "wallet", "invoice", "order", "payment"])
def test_the_admin_never_writes_the_ledger(model: str, make_user: Any) -> None:
    client = Client()
    client.force_login(make_user(role=User.Role.SUPER_ADMINISTRATOR))
    assert client.get(f"/admin/commerce/{model}/add/").status_code == 403
