"""Every list costs the same number of queries, whatever it holds: one for the session, a count, the rows, and what
the rows bring along."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import RENDER, Product
from commerce.services.holds import capture_hold, hold_credits
from commerce.services.orders import confirm_order, place_order
from commerce.tests.shop import put_money
from effects.models import Category

pytestmark = pytest.mark.django_db

OF_THE_SELLER = ("/api/products/get-products-for-user", "/api/categories/by-user-id", "/api/orders/sales")
COUNTS = {
    "/api/products": 3,
    "/api/products/get-products-for-user": 3,
    "/api/categories/by-user-id": 4,
    "/api/orders/purchases": 5,
    "/api/orders/sales": 5,
    "/api/user-wallets": 4,
    "/api/finance-operations": 3,
    "/api/wallet": 2,
    "/api/administration/finance-operations/get-all": 3,
    "/api/administration/orders": 5,
    "/api/admin/analytics/token-spending": 5,
}


def fill(user: User, staff: User, seller: User, category: Category, round: int) -> None:
    put_money(user, 100, key=f"gift{round}")
    for number in range(3):
        song = Product.objects.create(category=category, seller=seller, name=f"Song {number}", price=Decimal(1))
        order = place_order(user=user, items=[{"product_id": song.pk, "quantity": 1}], payment_method="balance")
        confirm_order(user=user, order=order)
        job = 10 * round + number
        hold = hold_credits(
            user=user, amount=1, reference_type=RENDER, reference_id=job, description="", idempotency_key=f"r{job}",
            effect_id=number + 1, effect_name="Effect",
        )  # fmt: skip
        capture_hold(hold)


def test_lists_cost_the_same_whatever_they_hold(
    api: APIClient,
    staff_api: APIClient,
    seller_api: APIClient,
    user: User,
    staff: User,
    seller: User,
    category: Category,
) -> None:
    for round in (1, 2):
        fill(user, staff, seller, category, round)
        measured = {}
        for url in COUNTS:
            client = staff_api if "/admin" in url else seller_api if url in OF_THE_SELLER else api
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(url)
            assert answer.status_code == 200, answer.json()
            measured[url] = sum("set_config" not in query["sql"] for query in queries)
        assert measured == COUNTS
