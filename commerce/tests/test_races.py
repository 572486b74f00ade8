"""Money under concurrency. Each race has a control that does the same without the guard, and goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from commerce.models import (
    CreditHold,
    FinanceOperation,
    Invoice,
    Order,
    Payment,
    PaymentEvent,
    Product,
    PromoCode,
    Wallet,
)
from commerce.services.audit import audit
from commerce.services.events import receive_event
from commerce.services.holds import capture_hold, hold_credits, release_hold
from commerce.services.ledger import enroll, execute, write_off
from commerce.services.orders import confirm_order, place_order
from commerce.services.wallets import open_credit_wallet, personal_balance
from commerce.tests.races import race, race_behind, without
from commerce.tests.shop import credits_of, money_of, put_money
from commerce.tests.stripe_server import WEBHOOK_SECRET, sign
from config.api.errors import DomainError
from tenants.scope import all_tenants

pytestmark = pytest.mark.django_db(transaction=True)

WALLET = "SELECT FROM commerce_wallet WHERE id = %s FOR UPDATE"
NO_BALANCE_CHECK = (
    "ALTER TABLE commerce_wallet DROP CONSTRAINT wallet_balance_covers_holds",
    "UPDATE commerce_wallet SET balance = 0, held = 0;"
    "ALTER TABLE commerce_wallet ADD CONSTRAINT wallet_balance_covers_holds CHECK (balance >= held)",
)


def refusals(results: list[Any]) -> list[str]:
    assert all(isinstance(result, DomainError) for result in results if isinstance(result, Exception)), results
    return [result.code for result in results if isinstance(result, DomainError)]


def test_credits_are_spent_once(user: User) -> None:
    wallet = open_credit_wallet(user=user)
    spenders = [lambda key=key: write_off(wallet=wallet, amount=20, idempotency_key=f"spend:{key}") for key in range(4)]
    assert refusals(race_behind(WALLET, [wallet.pk], spenders)) == ["insufficient_funds"] * 2
    assert credits_of(user) == 10
    assert audit() == []


def test_control_reading_first_spends_twice(user: User) -> None:
    wallet = open_credit_wallet(user=user)

    def naive() -> bool:
        if Wallet.objects.get(pk=wallet.pk).available < 40:
            return False
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE commerce_wallet SET balance = balance - 40 WHERE id = %s", [wallet.pk])
        return True

    with without(*NO_BALANCE_CHECK):
        assert race_behind(WALLET, [wallet.pk], [naive, naive]) == [True, True]
        assert credits_of(user) == -30


def test_control_the_database_itself_refuses_the_naive(user: User) -> None:
    wallet = open_credit_wallet(user=user)

    def naive() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE commerce_wallet SET balance = balance - 40 WHERE id = %s", [wallet.pk])

    results = race_behind(WALLET, [wallet.pk], [naive, naive])
    assert sorted(type(result).__name__ for result in results) == ["IntegrityError", "NoneType"]


def test_holds_never_exceed_the_balance(user: User) -> None:
    wallet = open_credit_wallet(user=user)

    def hold(job: int) -> Any:
        return hold_credits(
            user=user, amount=15, reference_type="test", reference_id=job, description="", idempotency_key=f"r:{job}"
        )

    results = race_behind(WALLET, [wallet.pk], [lambda job=job: hold(job) for job in range(5)])
    assert refusals(results) == ["insufficient_credits"] * 2
    wallet = open_credit_wallet(user=user)
    assert (wallet.balance, wallet.held) == (50, 45)
    assert audit() == []


def test_one_key_at_once_moves_once(user: User) -> None:
    wallet = open_credit_wallet(user=user)
    again = [lambda: enroll(wallet=wallet, amount=7, idempotency_key="once")] * 4
    entries = race_behind(WALLET, [wallet.pk], again)
    assert len({entry.pk for entry in entries}) == 1
    assert credits_of(user) == 57
    holds = race([lambda: hold_credits(
        user=user, amount=5, reference_type="t", reference_id=1, description="", idempotency_key="h"
    )] * 4)  # fmt: skip
    assert len({hold.pk for hold in holds}) == 1
    assert audit() == []


@pytest.mark.parametrize(
    ("verbs", "refused"),
    [([capture_hold] * 3, 0), ([release_hold] * 3, 0), ([capture_hold, release_hold], 1)],
)
def test_a_hold_is_settled_once(verbs: list[Callable[[CreditHold], Any]], refused: int, user: User) -> None:
    hold = hold_credits(user=user, amount=5, reference_type="t", reference_id=1, description="", idempotency_key="h")
    lock = "SELECT FROM commerce_credithold WHERE id = %s FOR UPDATE"
    results = race_behind(lock, [hold.pk], [lambda verb=verb: verb(hold) for verb in verbs])
    assert refusals(results) == ["hold_settled"] * refused
    wallet = open_credit_wallet(user=user)
    with all_tenants():
        hold.refresh_from_db()
    assert (wallet.balance, wallet.held) == (45 if hold.status == "captured" else 50, 0)
    assert audit() == []


def test_a_wallet_is_opened_once(user: User) -> None:
    wallets = race([lambda: open_credit_wallet(user=user)] * 4)
    assert len(set(wallets)) == 1
    assert credits_of(user) == 50
    assert audit() == []


def test_an_operation_is_executed_once(user: User) -> None:
    wallet = personal_balance(user=user)
    with all_tenants():
        operation = FinanceOperation.objects.create(
            tenant=user.tenant, wallet=wallet, user=user, type=1, amount=9, idempotency_key="o",
            created_at=timezone.now(),
        )  # fmt: skip
    results = race_behind(WALLET, [wallet.pk], [lambda: execute(FinanceOperation.objects.get(pk=operation.pk))] * 3)
    assert refusals(results) == ["operation_not_open"] * 2
    assert money_of(user) == 9


@pytest.fixture
def bought(user: User, seller: User, artwork: Product) -> Order:
    put_money(user, 100)
    return place_order(user=user, items=[{"product_id": artwork.pk, "quantity": 1}], payment_method="balance")


def test_an_order_is_confirmed_once(user: User, seller: User, bought: Order) -> None:
    again = [lambda: confirm_order(user=user, order=Order.objects.get(pk=bought.pk))] * 3
    results = race_behind(WALLET, [personal_balance(user=user).pk], again)
    assert {order.status for order in results} == {"finished"}
    assert (money_of(user), money_of(seller)) == (80, 20)
    assert Invoice.objects.count() == 1
    assert audit() == []


def test_control_without_the_lock_an_order_is_paid_twice(user: User, seller: User, bought: Order) -> None:
    def naive(key: int) -> None:
        with transaction.atomic():
            order = Order.objects.get(pk=bought.pk)
            if order.status != Order.Status.UNPAID:
                return
            write_off(wallet=personal_balance(user=user), amount=order.total_cost, idempotency_key=f"naive:{key}")
            Order.objects.filter(pk=order.pk).update(status="paid", paid_at=timezone.now())

    race_behind(WALLET, [personal_balance(user=user).pk], [lambda: naive(1), lambda: naive(2)])
    assert money_of(user) == 60


def test_two_who_buy_from_each_other_do_not_deadlock(user: User, seller: User, artwork: Product) -> None:
    own = Product.objects.create(category=artwork.category, seller=user, name="Song", price=Decimal(5))
    put_money(user, 1000)
    put_money(seller, 1000)
    artwork.availability = None
    artwork.save()
    pairs = [
        (buyer, place_order(user=buyer, items=[{"product_id": product.pk, "quantity": 1}], payment_method="balance"))
        for _ in range(4)
        for buyer, product in ((user, artwork), (seller, own))
    ]
    results = race([lambda buyer=buyer, order=order: confirm_order(user=buyer, order=order) for buyer, order in pairs])
    assert [order.status for order in results] == ["finished"] * 8
    assert (money_of(user), money_of(seller)) == (940, 1060)
    assert audit() == []


def test_a_promo_code_at_its_last_use(
    user: User, seller: User, package: Product, promo: Callable[..., PromoCode]
) -> None:
    code = promo(max_uses=3, uses=2)

    def order() -> Order:
        items = [{"product_id": package.pk, "quantity": 1}]
        return place_order(user=user, items=items, payment_method="cash", promo_code="SPRING")

    lock = "SELECT FROM commerce_promocode WHERE id = %s FOR UPDATE"
    assert refusals(race_behind(lock, [code.pk], [order] * 3)) == ["promo_code_exhausted"] * 2
    code.refresh_from_db()
    assert (code.uses, Order.objects.count()) == (3, 1)


def test_a_promo_code_at_a_users_last_use(user: User, package: Product, promo: Callable[..., PromoCode]) -> None:
    code = promo(max_uses_per_user=1)

    def order() -> Order:
        items = [{"product_id": package.pk, "quantity": 1}]
        return place_order(user=user, items=items, payment_method="cash", promo_code="SPRING")

    lock = "SELECT FROM commerce_promocode WHERE id = %s FOR UPDATE"
    assert refusals(race_behind(lock, [code.pk], [order] * 3)) == ["promo_code_used"] * 2
    code.refresh_from_db()
    assert (code.uses, Order.objects.count()) == (1, 1)


def test_control_counting_first_uses_a_promo_code_twice(promo: Callable[..., PromoCode]) -> None:
    code = promo(max_uses=1)

    def naive() -> bool:
        if PromoCode.objects.get(pk=code.pk).uses >= 1:
            return False
        with connection.cursor() as cursor:
            cursor.execute("UPDATE commerce_promocode SET uses = uses + 1 WHERE id = %s", [code.pk])
        return True

    lock = "SELECT FROM commerce_promocode WHERE id = %s FOR UPDATE"
    guard = "CONSTRAINT promocode_uses_within_limit"
    with without(
        f"ALTER TABLE commerce_promocode DROP {guard}",
        "UPDATE commerce_promocode SET uses = 0;"
        f"ALTER TABLE commerce_promocode ADD {guard} CHECK (max_uses IS NULL OR uses <= max_uses)",
    ):
        assert race_behind(lock, [code.pk], [naive, naive]) == [True, True]


def test_the_last_piece_is_sold_once(user: User, artwork: Product) -> None:
    def order() -> Order:
        return place_order(user=user, items=[{"product_id": artwork.pk, "quantity": 2}], payment_method="cash")

    lock = "SELECT FROM commerce_product WHERE id = %s FOR UPDATE"
    assert refusals(race_behind(lock, [artwork.pk], [order] * 2)) == ["out_of_stock"]
    artwork.refresh_from_db()
    assert artwork.availability == 1


def test_invoices_have_no_gaps_at_once(user: User, staff: User, package: Product) -> None:
    put_money(user, 45)
    orders = [
        place_order(user=user, items=[{"product_id": package.pk, "quantity": 1}], payment_method="balance")
        for _ in range(6)
    ]
    results = race([lambda order=order: confirm_order(user=user, order=order) for order in orders])
    assert refusals(results) == ["insufficient_funds"] * 2
    assert sorted(Invoice.objects.values_list("serial", flat=True)) == [1, 2, 3, 4]
    assert audit() == []


@pytest.fixture
def paid_event(user: User, package: Product, settings: Any) -> dict[str, Any]:
    """The event of an order's payment, signed and ready to be received."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk", WEBHOOK_SECRET
    order = place_order(user=user, items=[{"product_id": package.pk, "quantity": 1}], payment_method="stripe")
    Payment.objects.create(intent_id="pi_1", user=user, order=order, amount=order.total_cost, currency="USD")
    subject = {"id": "pi_1", "amount_received": 999, "currency": "usd"}
    return {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": subject}}


def receive(event: dict[str, Any]) -> str:
    payload = json.dumps(event).encode()
    return receive_event(payload=payload, signature=sign(payload)).outcome


@pytest.mark.parametrize("ids", [("evt_1",) * 3, ("evt_1", "evt_2", "evt_3")])
def test_a_payment_is_applied_once(ids: tuple[str, ...], user: User, paid_event: dict[str, Any]) -> None:
    senders = [lambda id=id: receive({**paid_event, "id": id}) for id in ids]
    lock = "SELECT FROM commerce_payment WHERE intent_id = %s FOR UPDATE"
    results = race_behind(lock, ["pi_1"], senders)
    expected = {1: ["applied"] * 3, 3: ["applied", "ignored", "ignored"]}
    assert sorted(results) == expected[len(set(ids))]
    assert PaymentEvent.objects.count() == len(set(ids))
    assert credits_of(user) == 150
    assert Invoice.objects.count() == 1
    assert audit() == []


def test_control_without_the_claim_a_payment_is_applied_twice(user: User, paid_event: dict[str, Any]) -> None:
    wallet = open_credit_wallet(user=user)

    def naive(key: int) -> None:
        with transaction.atomic():
            if Payment.objects.get(intent_id="pi_1").status != Payment.Status.CREATED:
                return
            enroll(wallet=wallet, amount=100, idempotency_key=f"naive:{key}")
            Payment.objects.filter(intent_id="pi_1").update(status=Payment.Status.SUCCEEDED)

    race_behind(WALLET, [wallet.pk], [lambda: naive(1), lambda: naive(2)])
    assert credits_of(user) == 250
