"""Finance at work in the staff's pages: adjustments with four eyes, operations, orders; and who may not."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from commerce.models import FinanceOperation, Order, Product, Wallet
from commerce.services.audit import audit
from commerce.services.finance import request_operation
from commerce.services.ledger import write_off
from commerce.services.orders import confirm_order, place_order
from commerce.services.wallets import personal_balance
from commerce.tests.shop import assert_refused, credits_of, money_of, put_money
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

Worker = Callable[..., tuple[User, Client]]


@pytest.fixture
def worker(make_user: UserFactory) -> Worker:
    def make(name: str, group: str = "finance") -> tuple[User, Client]:
        user = make_user(name=name)
        user.groups.add(Group.objects.get(name=group))
        client = Client()
        client.force_login(user)
        return user, client

    return make


@pytest.fixture
def wallet(user: User) -> Wallet:
    put_money(user, 30)
    return personal_balance(user=user)


def page_of(row: Any, verb: str = "") -> str:
    page = f"/admin/commerce/{row._meta.model_name}/{row.pk}/change/"
    return f"{page}act/{verb}/" if verb else page


def adjust(client: Client, wallet: Wallet, change: object, reason: str = "Goodwill", key: str = "") -> Any:
    page = page_of(wallet, "adjust")
    shown = re.search(r'name="key" value="([^"]+)"', client.get(page).content.decode())
    assert shown
    return client.post(page, {"change": change, "reason": reason, "key": key or shown[1]})


def operations(wallet: Wallet) -> list[FinanceOperation]:
    with all_tenants():
        return list(FinanceOperation.objects.filter(wallet=wallet, reference_type="adjustment").order_by("pk"))


def test_an_adjustment_is_a_new_entry_with_a_reason(worker: Worker, wallet: Wallet, user: User) -> None:
    ada, client = worker("Ada")
    assert adjust(client, wallet, "12.50").status_code == 302
    assert adjust(client, wallet, "-2.5", reason="Too much").status_code == 302
    assert money_of(user) == 40
    assert [entry.description for entry in operations(wallet)] == ["Goodwill", "Too much"]
    entry = AuditEntry.objects.filter(event="balance.adjusted").order_by("pk").first()
    assert entry
    assert (entry.actor, entry.subject) == (ada, user)
    assert {name: entry.detail[name] for name in ("change", "reason")} == {"change": "12.50", "reason": "Goodwill"}
    assert (Decimal(entry.detail["before"]), Decimal(entry.detail["after"])) == (30, Decimal("42.5"))
    assert audit() == []


@pytest.mark.parametrize("change", ["-30.01", "0", "1.234", "NaN", "Infinity", "", "ten", "1e12"])
def test_bad_adjustments_say_why_and_keep_what_was_typed(
    change: str, worker: Worker, wallet: Wallet, user: User
) -> None:
    _, client = worker("Ada")
    answer = adjust(client, wallet, change, reason="Typed at length")
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"change"}
    assert "Typed at length" in answer.content.decode()
    assert (money_of(user), operations(wallet)) == (30, [])


@pytest.mark.parametrize("reason", ["", "   "])
def test_an_adjustment_takes_a_reason(reason: str, worker: Worker, wallet: Wallet) -> None:
    answer = adjust(worker("Ada")[1], wallet, 5, reason=reason)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["reason"])


def test_a_form_sent_twice_adjusts_once(worker: Worker, wallet: Wallet, user: User) -> None:
    _, client = worker("Ada")
    key = "7e6d9a52-3d1c-4c39-9a5f-6a5b6f0f6f11"
    assert [adjust(client, wallet, 5, key=key).status_code for _ in range(2)] == [302, 302]
    assert money_of(user) == 35
    assert adjust(client, wallet, 6, key=key).status_code == 422


def test_four_eyes_above_the_set_amount(worker: Worker, wallet: Wallet, user: User) -> None:
    (ada, first), (_grace, second) = worker("Ada"), worker("Grace")
    assert adjust(first, wallet, 60).status_code == 302
    # Split in two it is no less.
    assert adjust(first, wallet, 60).status_code == 302
    _done, waits = operations(wallet)
    assert (money_of(user), waits.is_open, waits.reference_id) == (90, True, ada.pk)
    assert "act/approve/" not in first.get(page_of(waits)).content.decode()
    assert "act/approve/" in second.get(page_of(waits)).content.decode()
    answer = first.post(page_of(waits, "approve"), {"reason": "Mine"})
    assert answer.status_code == 422
    assert "second member" in answer.content.decode()
    assert money_of(user) == 90
    assert second.post(page_of(waits, "approve"), {"reason": "Seen the mail"}).status_code == 302
    assert money_of(user) == 150
    late = second.post(page_of(waits, "approve"), {"reason": "Once more"})
    assert late.status_code == 422
    assert "Once more" in late.content.decode()
    assert money_of(user) == 150
    assert audit() == []


def test_who_asked_for_it_cannot_approve_it_through_the_api_or_a_list(
    staff: User, staff_api: APIClient, api: APIClient, wallet: Wallet, user: User
) -> None:
    client = Client()
    client.force_login(staff)
    assert adjust(client, wallet, 500).status_code == 302
    (waits,) = operations(wallet)
    status = "/api/finance-operations/change-finance-operation-status"
    assert_refused(staff_api.patch(status, {"id": waits.pk, "status": 2}), 422, "four_eyes")
    # What staff began the customer neither pays nor calls off.
    assert_refused(api.patch(status, {"id": waits.pk, "status": 4}), 403, "staff_only")
    answer = api.put(f"/api/finance-operations/{waits.pk}", {"cancelInfo": "No"})
    assert_refused(answer, 403, "staff_only")
    asked = {"action": "approve", "_selected_action": waits.pk, "reason": "Mine", "confirmed": "1"}
    client.post("/admin/commerce/financeoperation/", asked)
    assert money_of(user) == 30


def test_an_adjustment_that_waits_may_not_go_below_zero_later(worker: Worker, user: User, wallet: Wallet) -> None:
    put_money(user, 170, key="more")
    (_, first), (_, second) = worker("Ada"), worker("Grace")
    assert adjust(first, wallet, -150).status_code == 302
    assert adjust(second, wallet, -100).status_code == 302
    (waits,) = (entry for entry in operations(wallet) if entry.is_open)
    answer = second.post(page_of(waits, "approve"), {"reason": "Fine"})
    assert answer.status_code == 422
    assert "you have 100 to spend" in answer.content.decode()
    assert money_of(user) == 100


def test_nobody_adjusts_their_own_balance(worker: Worker) -> None:
    ada, client = worker("Ada")
    answer = adjust(client, personal_balance(user=ada), 5)
    assert answer.status_code == 422
    assert "own balance" in answer.content.decode()


@pytest.mark.parametrize("group", ["support", "moderation", "operations"])
def test_others_may_not(group: str, worker: Worker, wallet: Wallet, user: User, package: Product) -> None:
    _, client = worker("Eve", group)
    order = place_order(user=user, items=[{"product_id": package.pk, "quantity": 1}], payment_method="cash")
    operation = request_operation(user=user, wallet=wallet, type=1, amount=Decimal(5), info="", key=None)
    for row, verb in ((wallet, "adjust"), (operation, "approve"), (operation, "cancel"), (order, "paid")):
        assert client.post(page_of(row, verb), {"reason": "So", "change": 5}).status_code in (403, 404)
        assert f"act/{verb}/" not in client.get(page_of(row)).content.decode()
    asked = {"action": "approve", "_selected_action": operation.pk, "reason": "So", "confirmed": "1"}
    client.post("/admin/commerce/financeoperation/", asked)
    assert money_of(user) == 30


def test_finance_decides_operations_and_orders(worker: Worker, wallet: Wallet, user: User, package: Product) -> None:
    ada, client = worker("Ada")
    before = credits_of(user)
    wanted, unwanted = (
        request_operation(user=user, wallet=wallet, type=1, amount=Decimal(5), info="<script>", key=None)
        for _ in range(2)
    )
    assert client.post(page_of(wanted, "approve"), {"reason": "Arrived"}).status_code == 302
    assert client.post(page_of(unwanted, "cancel"), {"reason": "Never came"}).status_code == 302
    assert money_of(user) == 35
    assert "<script>&" not in client.get(page_of(wanted)).content.decode()
    order = place_order(user=user, items=[{"product_id": package.pk, "quantity": 1}], payment_method="cash")
    assert client.post(page_of(order, "paid"), {"reason": "At the desk"}).status_code == 302
    assert credits_of(user) == before + 100
    again = client.post(page_of(order, "paid"), {"reason": "Typed"})
    assert again.status_code == 422
    assert "Typed" in again.content.decode()
    assert Order.objects.get().status == "paid"
    events = AuditEntry.objects.filter(actor=ada).values_list("event", "detail__reason")
    assert {
        ("operation.executed", "Arrived"),
        ("operation.cancelled", "Never came"),
        ("order.decided", "At the desk"),
    } <= set(events)


@pytest.fixture
def order(user: User, artwork: Product, wallet: Wallet) -> Order:
    """20 paid from the balance, and passed on to the seller."""
    order = place_order(user=user, items=[{"product_id": artwork.pk, "quantity": 1}], payment_method="balance")
    return confirm_order(user=user, order=order)


def test_an_order_is_paid_back_in_parts(worker: Worker, order: Order, user: User, seller: User) -> None:
    ada, client = worker("Ada")
    page = page_of(order, "refund")
    assert client.post(page, {"amount": "5", "reason": "A scratch", "shown": "0"}).status_code == 302
    order.refresh_from_db()
    assert (order.status, order.refunded_amount, money_of(user), money_of(seller)) == ("finished", 5, 15, 15)
    # A colleague's page from before.
    late = client.post(page, {"amount": "7", "reason": "Typed at length", "shown": "0"})
    assert late.status_code == 409
    assert "look again" in late.content.decode()
    assert "Typed at length" in late.content.decode()
    # Told, and deciding anew.
    assert client.post(page, {"amount": "7", "reason": "Another", "shown": "5"}).status_code == 302
    assert client.post(page, {"amount": "", "reason": "The rest", "shown": "12"}).status_code == 302
    order.refresh_from_db()
    assert (order.status, money_of(user), money_of(seller)) == ("refunded", 30, 0)
    assert client.post(page, {"amount": "1", "reason": "More", "shown": "12"}).status_code == 422
    reasons = AuditEntry.objects.filter(event="order.refunded", actor=ada).order_by("pk")
    assert [entry.detail["reason"] for entry in reasons] == ["A scratch", "Another", "The rest"]
    assert audit() == []


@pytest.mark.parametrize("amount", ["20.01", "0", "-1", "0.001", "NaN", "1e30", "ten"])
def test_bad_refunds_name_the_amount(amount: str, worker: Worker, order: Order, user: User) -> None:
    answer = worker("Ada")[1].post(page_of(order, "refund"), {"amount": amount, "reason": "Typed", "shown": "0"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["amount"])
    assert "Typed" in answer.content.decode()
    assert (money_of(user), Order.objects.get().refunded_amount) == (10, 0)


def test_what_the_seller_spent_is_not_paid_back(worker: Worker, order: Order, user: User, seller: User) -> None:
    with all_tenants():
        write_off(wallet=personal_balance(user=seller), amount=Decimal(18), idempotency_key="spent")
    answer = worker("Ada")[1].post(page_of(order, "refund"), {"amount": "5", "reason": "So", "shown": "0"})
    assert answer.status_code == 422
    assert (money_of(user), Order.objects.get().refunded_amount) == (10, 0)


def test_support_pays_nothing_back(worker: Worker, order: Order, user: User) -> None:
    client = worker("Eve", "support")[1]
    assert client.post(page_of(order, "refund"), {"amount": "5", "reason": "So"}).status_code == 403
    assert money_of(user) == 10
