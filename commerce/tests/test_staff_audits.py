"""The audit of the ledger, receipts and promo codes in the staff panel."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from commerce.models import LedgerAudit, Order, PromoCode, Wallet
from commerce.services import audits, promo
from commerce.services.wallets import open_credit_wallet
from config.api.errors import Conflict, Forbidden, ValidationFailed
from tenants.scope import all_tenants
from tests.fixtures import UserFactory

pytestmark = pytest.mark.django_db

PAGE = "/admin/money/audit/"


@pytest.fixture
def clerk(make_user: UserFactory) -> User:
    clerk = make_user(name="clerk")
    clerk.groups.add(Group.objects.get(name="finance"))
    return clerk


@pytest.fixture
def desk(clerk: User) -> Client:
    client = Client()
    client.force_login(clerk)
    return client


def order_of(user: User, **values: object) -> Order:
    defaults = {"payment_method": "stripe", "products_cost": 10, "total_cost": 10, "currency": "USD"}
    return Order.objects.create(customer=user, **{**defaults, **values})


def test_a_sound_ledger_is_said_to_be(desk: Client, user: User) -> None:
    with all_tenants():
        open_credit_wallet(user=user)
    assert "was not audited" in desk.get(PAGE).text
    assert desk.post(PAGE).status_code == 302
    assert "Under way" in desk.get(PAGE).text
    audits.run_audit(LedgerAudit.objects.get().pk)
    page = desk.get(PAGE).text
    assert "Sound" in page
    with all_tenants():
        assert LedgerAudit.objects.get().wallets == Wallet.objects.count() > 0
    assert AuditEntry.objects.filter(event="ledger.audit_asked").count() == 1


def test_contradictions_lead_to_their_wallets(desk: Client, user: User) -> None:
    with all_tenants():
        wallet = open_credit_wallet(user=user)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('studio.tenant', '*', false)")
        cursor.execute("UPDATE commerce_wallet SET balance = balance + 7 WHERE id = %s", [wallet.pk])
    desk.post(PAGE)
    audits.run_audit(LedgerAudit.objects.get().pk)
    page = desk.get(PAGE).text
    assert "Contradictions found" in page
    assert f'href="/admin/commerce/wallet/{wallet.pk}/change/"' in page


def test_one_is_under_way_at_a_time_and_a_dead_one_is_given_up(desk: Client, clerk: User) -> None:
    first = audits.ask_audit(staff=clerk)
    with pytest.raises(Conflict, match="under way"):
        audits.ask_audit(staff=clerk)
    assert "under way" in desk.post(PAGE, follow=True).text
    LedgerAudit.objects.filter(pk=first.pk).update(asked_at=timezone.now() - timedelta(hours=2))
    second = audits.ask_audit(staff=clerk)
    first.refresh_from_db()
    assert (first.outcome, second.outcome) == ("failed", "open")
    audits.run_audit(first.pk)
    first.refresh_from_db()
    assert first.outcome == "failed"


def test_a_task_that_comes_twice_audits_once(clerk: User) -> None:
    asked = audits.ask_audit(staff=clerk)
    audits.run_audit(asked.pk)
    ended = LedgerAudit.objects.get(pk=asked.pk).finished_at
    audits.run_audit(asked.pk)
    assert LedgerAudit.objects.get(pk=asked.pk).finished_at == ended


@pytest.mark.parametrize("group", ["support", "moderation", "operations"])
def test_others_have_nothing_audited(make_user: UserFactory, group: str) -> None:
    staff = make_user()
    staff.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(staff)
    assert (client.get(PAGE).status_code, client.post(PAGE).status_code) == (403, 403)
    with pytest.raises(Forbidden):
        audits.ask_audit(staff=staff)
    assert not LedgerAudit.objects.exists()


def test_receipts_are_the_customers(desk: Client, user: User) -> None:
    paid = order_of(user, status="paid", paid_at=timezone.now())
    unpaid = order_of(user)
    page = desk.get(f"/admin/commerce/order/{paid.pk}/change/").text
    assert f"/admin/money/orders/{paid.pk}/receipt/" in page
    assert "once it is paid" in desk.get(f"/admin/commerce/order/{unpaid.pk}/change/").text
    answer = desk.get(f"/admin/money/orders/{paid.pk}/receipt/")
    assert answer.status_code == 200
    assert user.name in answer.text
    assert desk.get(f"/admin/money/orders/{unpaid.pk}/receipt/").status_code == 404
    assert desk.get("/admin/money/orders/999999/receipt/").status_code == 404


def test_receipts_are_not_for_everybody(make_user: UserFactory, user: User) -> None:
    paid = order_of(user, status="paid", paid_at=timezone.now())
    staff = make_user()
    staff.groups.add(Group.objects.get(name="moderation"))
    client = Client()
    client.force_login(staff)
    assert client.get(f"/admin/money/orders/{paid.pk}/receipt/").status_code == 403


def test_a_code_tells_who_used_it(desk: Client, user: User) -> None:
    code = PromoCode.objects.create(code="SPRING", kind="fixed", value=3)
    assert "nobody yet" in desk.get(f"/admin/commerce/promocode/{code.pk}/change/").text
    order = order_of(user, promo_code=code, discount=Decimal(3), total_cost=7)
    page = desk.get(f"/admin/commerce/promocode/{code.pk}/change/").text
    assert user.email in page
    assert f"/admin/commerce/order/{order.pk}/change/" in page
    listed = desk.get(f"/admin/commerce/order/?promo_code={code.pk}")
    assert [row.pk for row in listed.context["cl"].result_list] == [order.pk]


def test_codes_are_switched_with_a_reason(desk: Client, clerk: User) -> None:
    code = PromoCode.objects.create(code="SPRING", kind="fixed", value=3)
    act = f"/admin/commerce/promocode/{code.pk}/change/act/off/"
    assert desk.post(act, {"reason": " "}).status_code == 422
    assert desk.post(act, {"reason": "It was printed wrong."}).status_code == 302
    code.refresh_from_db()
    assert not code.active
    entry = AuditEntry.objects.get(event="promo_code.switched")
    assert entry.detail | {"before": True, "after": False, "reason": "It was printed wrong."} == entry.detail
    with pytest.raises(Conflict):
        promo.switch(staff=clerk, code=code, active=False, reason="Again")
    with pytest.raises(ValidationFailed):
        promo.switch(staff=clerk, code=code, active=True, reason="")
    # The form has no field for it any more: what it posts changes nothing.
    desk.post(f"/admin/commerce/promocode/{code.pk}/change/", {"active": "on", "code": "SPRING"})
    code.refresh_from_db()
    assert not code.active


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_is_told(make_user: UserFactory) -> None:
    people = [make_user(role=User.Role.SUPER_ADMINISTRATOR) for _ in range(2)]
    told: list[str] = []
    gate = threading.Barrier(2)

    def ask(staff: User) -> None:
        gate.wait()
        try:
            audits.ask_audit(staff=staff)
            told.append("asked")
        except Conflict:
            told.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=[staff]) for staff in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["asked", "told"]
