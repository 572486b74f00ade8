"""Card payments end to end: the official SDK against a local Stripe, its signed webhooks over HTTP against ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from commerce.models import FinanceOperation, Invoice, Order, OrderRefund, Payment, PaymentEvent, Product
from commerce.services.audit import audit
from commerce.services.currencies import from_minor, to_minor
from commerce.services.reconciliation import reconcile
from commerce.services.refunds import refund
from commerce.tests.shop import assert_refused, credits_of, money_of
from commerce.tests.stripe_server import KEY, WEBHOOK_SECRET, StripeServer, sign
from config.api.errors import DomainError
from tenants.scope import all_tenants

pytestmark = pytest.mark.django_db

SIGNUP = 50
WEBHOOK = "/api/webhooks/stripe"


@pytest.fixture(scope="module")
def stripe_process() -> Iterator[StripeServer]:
    server = StripeServer()
    yield server
    server.close()


@pytest.fixture
def stripe(stripe_process: StripeServer, settings: Any) -> StripeServer:
    settings.STRIPE_SECRET_KEY = KEY
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    settings.STRIPE_API_BASE = stripe_process.url
    stripe_process.intents.clear()
    stripe_process._answers.clear()
    stripe_process.refunds.clear()
    stripe_process.down = False
    return stripe_process


def order_of(api: APIClient, product: Product) -> int:
    answer = api.post("/api/orders", {"productId": product.pk, "payment_method": "stripe"})
    assert answer.status_code == 200, answer.json()
    return int(answer.json()["data"]["id"])


def begin(api: APIClient, order_id: int) -> dict[str, Any]:
    answer = api.post("/api/payment/create-intent", {"orderId": order_id})
    assert answer.status_code == 200, answer.json()
    data: dict[str, Any] = answer.json()["data"]
    return data


@pytest.fixture
def intent(api: APIClient, package: Product, stripe: StripeServer) -> str:
    """A PaymentIntent of an unpaid order for 100 credits."""
    return str(begin(api, order_of(api, package))["paymentIntentId"])


def send(event: dict[str, Any], *, secret: str = WEBHOOK_SECRET, age: float = 0, header: str | None = None) -> Any:
    """The webhook called in this process, in the test's own transaction."""
    payload = json.dumps(event).encode()
    signature = sign(payload, secret=secret, age=age) if header is None else header
    return Client().post(WEBHOOK, payload, content_type="application/json", headers={"stripe-signature": signature})


def outcome(event: dict[str, Any]) -> str:
    answer = send(event)
    assert answer.status_code == 200, answer.json()
    return str(answer.json()["data"]["outcome"])


@pytest.mark.django_db(transaction=True)
def test_a_purchase_over_http(
    live_server: Any, api: APIClient, user: User, package: Product, stripe: StripeServer
) -> None:
    stripe.webhook_url = f"{live_server.url}{WEBHOOK}"
    order_id = order_of(api, package)
    data = begin(api, order_id)
    intent = data["paymentIntentId"]
    assert data == {
        "id": data["id"],
        "paymentIntentId": intent,
        "clientSecret": f"{intent}_secret",
        "publishableKey": "",
        "amount": 9.99,
        "currency": "USD",
        "status": "created",
    }
    assert (stripe.intents[intent]["amount"], stripe.intents[intent]["currency"]) == (999, "usd")
    event = stripe.pay(intent)
    assert [stripe.deliver(event).status_code for _ in range(3)] == [200, 200, 200]
    assert stripe.deliver(event, secret="whsec_wrong").status_code == 400
    order = api.get(f"/api/orders/{order_id}").json()["data"]
    assert order["status"] == "paid"
    assert credits_of(user) == SIGNUP + 100
    assert Invoice.objects.count() == PaymentEvent.objects.count() == 1
    assert audit() == []


def test_an_intent_is_made_once(api: APIClient, package: Product, stripe: StripeServer) -> None:
    order_id = order_of(api, package)
    assert begin(api, order_id) == begin(api, order_id)
    assert len(stripe.intents) == Payment.objects.count() == 1


def test_only_the_customer_pays_an_unpaid_card_order(
    api: APIClient, seller_api: APIClient, package: Product, stripe: StripeServer, intent: str
) -> None:
    order = Order.objects.get()
    assert_refused(seller_api.post("/api/payment/create-intent", {"orderId": order.pk}), 404, "not_found")
    assert_refused(api.post("/api/payment/create-intent", {"orderId": 10**9}), 404, "not_found")
    assert_refused(api.post("/api/payment/create-intent", {}), 422, "validation_error")
    outcome(stripe.pay(intent))
    assert_refused(api.post("/api/payment/create-intent", {"orderId": order.pk}), 422, "order_not_payable")
    cash = api.post("/api/orders", {"productId": package.pk, "payment_method": "cash"}).json()["data"]["id"]
    assert_refused(api.post("/api/payment/create-intent", {"orderId": cash}), 422, "order_not_payable")


def test_without_stripe_it_says_so(api: APIClient, package: Product) -> None:
    body = {"productId": package.pk, "payment_method": "stripe"}
    answer = api.post("/api/orders", body)
    assert_refused(answer, 422, "payment_method_unavailable")
    assert "not configured" in answer.json()["message"]
    assert_refused(send({"id": "evt"}), 422, "payment_method_unavailable")
    assert not Order.objects.exists()
    out = StringIO()
    call_command("reconcile_payments", stdout=out)
    assert "not configured" in out.getvalue()


def test_stripe_being_down_is_told(api: APIClient, package: Product, stripe: StripeServer) -> None:
    order_id = order_of(api, package)
    stripe.down = True
    answer = api.post("/api/payment/create-intent", {"orderId": order_id})
    assert_refused(answer, 502, "provider_failed")
    assert not Payment.objects.exists()


def test_bad_signatures_move_nothing(user: User, stripe: StripeServer, intent: str) -> None:
    event = stripe.pay(intent)
    for refused in (
        send(event, secret="whsec_wrong"),
        send(event, age=301),
        send(event, header=""),
        send(event, header="t=1,v1=00"),
        send(event, header="nonsense"),
    ):
        assert_refused(refused, 400, "invalid_signature")
    assert not PaymentEvent.objects.exists()
    assert credits_of(user) == SIGNUP
    assert outcome(event) == "applied"


@pytest.mark.parametrize(
    "body", ["[]", "{}", '{"id": 1}', '{"id": "e", "type": "t", "data": {"object": []}}', "x", "\x7f"]
)
def test_malformed_events(body: str, stripe: StripeServer) -> None:
    payload = body.encode()
    answer = Client().post(
        WEBHOOK, payload, content_type="application/json", headers={"stripe-signature": sign(payload)}
    )
    assert answer.status_code in (400, 422)
    assert answer.json()["success"] is False
    assert not PaymentEvent.objects.exists()


@pytest.mark.parametrize("change", [{"amount_received": 1}, {"amount_received": 99900}, {"currency": "jpy"}])
def test_the_wrong_money_moves_nothing(change: dict[str, Any], user: User, stripe: StripeServer, intent: str) -> None:
    event = stripe.pay(intent)
    wrong = stripe.event("payment_intent.succeeded", {**event["data"]["object"], **change})
    assert_refused(send(wrong), 422, "payment_mismatch")
    assert credits_of(user) == SIGNUP
    assert Order.objects.get().status == "unpaid"
    assert PaymentEvent.objects.get().outcome == "payment_mismatch"


def test_an_unknown_payment_is_refused_and_may_come_again(user: User, stripe: StripeServer, intent: str) -> None:
    event = stripe.pay(intent)
    Payment.objects.update(intent_id="pi_elsewhere")
    assert_refused(send(event), 404, "unknown_payment")
    Payment.objects.update(intent_id=intent)
    assert outcome(event) == "applied"
    assert credits_of(user) == SIGNUP + 100


def test_other_events_are_ignored(stripe: StripeServer) -> None:
    assert outcome(stripe.event("customer.created", {"id": "cus_1"})) == "ignored"


def test_a_failed_attempt_can_be_repeated(user: User, stripe: StripeServer, intent: str) -> None:
    failed = stripe.event(
        "payment_intent.payment_failed", {"id": intent, "last_payment_error": {"message": "Your card was declined."}}
    )
    assert outcome(failed) == "applied"
    assert Payment.objects.get().last_error == "Your card was declined."
    assert outcome(stripe.pay(intent)) == "applied"
    late = stripe.event("payment_intent.payment_failed", {"id": intent, "last_payment_error": None})
    assert outcome(late) == "ignored"
    assert credits_of(user) == SIGNUP + 100


def test_a_refund_heard_of_before_the_payment(user: User, stripe: StripeServer, intent: str, package: Product) -> None:
    paid = stripe.pay(intent)
    assert outcome(stripe.refund(intent)) == "applied"
    assert outcome(paid) == "ignored"
    assert Order.objects.get().status == "canceled"
    assert credits_of(user) == SIGNUP
    assert audit() == []


def test_a_refund_at_stripe_takes_the_credits_back(user: User, stripe: StripeServer, intent: str) -> None:
    outcome(stripe.pay(intent))
    assert outcome(stripe.refund(intent, amount=100)) == "applied"
    assert credits_of(user) == SIGNUP + 100
    assert (Order.objects.get().status, Payment.objects.get().refunded_amount) == ("paid", 1)
    assert outcome(stripe.refund(intent)) == "applied"
    assert (Order.objects.get().status, Payment.objects.get().status) == ("refunded", "refunded")
    assert credits_of(user) == SIGNUP
    assert audit() == []


def test_a_refund_by_staff(api: APIClient, staff_api: APIClient, user: User, stripe: StripeServer, intent: str) -> None:
    outcome(stripe.pay(intent))
    url, body = "/api/administration/orders/change-order-status", {"id": Order.objects.get().pk, "status": "refunded"}
    stripe.down = True
    assert staff_api.patch(url, body).json()["data"]["status"] == "refunded"
    assert (credits_of(user), stripe.refunds) == (SIGNUP, [])
    with pytest.raises(CommandError, match="need a person"):
        call_command("reconcile_payments", stdout=StringIO())
    stripe.down = False
    call_command("reconcile_payments", stdout=StringIO())
    call_command("reconcile_payments", stdout=StringIO())
    assert stripe.refunds == [intent]
    assert outcome(stripe.refund(intent)) == "ignored"
    assert credits_of(user) == SIGNUP


@pytest.mark.parametrize("won", [True, False])
@pytest.mark.parametrize("in_order", [True, False])
def test_disputes(won: bool, in_order: bool, user: User, stripe: StripeServer, intent: str) -> None:
    outcome(stripe.pay(intent))
    created = stripe.dispute(intent, "created", "needs_response")
    closed = stripe.dispute(intent, "closed", "won" if won else "lost")
    if in_order:
        assert outcome(created) == "applied"
        assert (credits_of(user), Payment.objects.get().status) == (SIGNUP, "disputed")
        assert outcome(closed) == "applied"
    else:
        outcome(closed)
        assert outcome(created) == "ignored"
    assert credits_of(user) == (SIGNUP + 100 if won else SIGNUP)
    assert Order.objects.get().status == ("paid" if won else "refunded")
    assert Payment.objects.get().status == ("succeeded" if won else "refunded")
    assert audit() == []


def test_money_that_came_too_late_is_paid_back(
    staff_api: APIClient, user: User, stripe: StripeServer, intent: str
) -> None:
    body = {"id": Order.objects.get().pk, "status": "canceled"}
    assert staff_api.patch("/api/administration/orders/change-order-status", body).status_code == 200
    assert stripe.intents[intent]["status"] == "canceled"
    assert outcome(stripe.pay(intent)) == "order_closed"
    assert credits_of(user) == SIGNUP
    call_command("reconcile_payments", stdout=StringIO())
    assert stripe.refunds == [intent]
    assert Payment.objects.get().status == "refunded"


def test_reconciliation_makes_up_for_a_lost_event(user: User, stripe: StripeServer, intent: str) -> None:
    event = stripe.pay(intent)
    out = StringIO()
    call_command("reconcile_payments", stdout=out)
    assert f"{intent} was paid, which no event had told" in out.getvalue()
    assert credits_of(user) == SIGNUP + 100
    assert outcome(event) == "ignored"
    stripe.refund(intent)
    call_command("reconcile_payments", stdout=StringIO())
    assert credits_of(user) == SIGNUP
    assert audit() == []


def test_reconciliation_names_what_differs(stripe: StripeServer, intent: str) -> None:
    outcome(stripe.pay(intent))
    stripe.intents[intent]["amount"] = 1
    out = StringIO()
    with pytest.raises(CommandError, match="1 payments need a person"):
        call_command("reconcile_payments", stdout=out)
    assert "999 USD here, 1 usd there" in out.getvalue()


def test_topping_up_the_personal_balance(
    api: APIClient, seller_api: APIClient, user: User, stripe: StripeServer
) -> None:
    wallets = {w["currency"]: w["id"] for w in api.get("/api/user-wallets").json()["data"]["items"]}
    asked = {
        currency: api.post("/api/finance-operations", {"money": 25, "type": 1, "walletId": wallet}).json()["data"]["id"]
        for currency, wallet in wallets.items()
    }
    url = "/api/payment/create-intent"
    assert_refused(api.post(url, {"financeOperationId": asked["credits"]}), 422, "operation_not_payable")
    assert_refused(seller_api.post(url, {"financeOperationId": asked["USD"]}), 404, "not_found")
    intent = api.post(url, {"financeOperationId": asked["USD"]}).json()["data"]["paymentIntentId"]
    event = stripe.pay(intent)
    assert [outcome(event), outcome(event)] == ["applied", "applied"]
    assert money_of(user) == 25
    with all_tenants():
        assert FinanceOperation.objects.get(pk=asked["USD"]).status == FinanceOperation.Status.EXECUTED
    assert outcome(stripe.refund(intent)) == "applied"
    assert money_of(user) == 0
    assert audit() == []


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("9.99", "USD", 999), ("500", "JPY", 500), ("1.234", "KWD", 1234), ("0.1", "EUR", 10), ("10", "usd", 1000)],
)
def test_minor_units(amount: str, currency: str, units: int) -> None:
    assert to_minor(Decimal(amount), currency) == units
    assert from_minor(units, currency) == Decimal(amount)


@pytest.mark.parametrize(("amount", "currency"), [("9.999", "USD"), ("0.5", "JPY"), ("0.0001", "KWD")])
def test_a_fraction_of_the_smallest_unit_is_an_error(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="fraction"):
        to_minor(Decimal(amount), currency)


def test_a_part_paid_back_by_staff(staff: User, user: User, stripe: StripeServer, intent: str) -> None:
    outcome(stripe.pay(intent))
    order = Order.objects.get()
    refund(staff=staff, order=order, amount=Decimal("2.50"), reason="Late")
    charge = stripe.intents[intent]["latest_charge"]
    assert charge["amount_refunded"] == 250
    told = stripe.event("charge.refunded", {**charge, "payment_intent": intent, "currency": "usd"})
    assert outcome(told) == "applied"
    order.refresh_from_db()
    assert (order.status, order.refunded_amount, Payment.objects.get().refunded_amount) == ("paid", 2.5, 2.5)
    assert [change.note for change in order.history.all() if "paid back" in change.note] == [
        "2.5 USD were paid back: Late"
    ]
    refund(staff=staff, order=order, amount=None, reason="All of it")
    assert charge["amount_refunded"] == 999
    assert (Order.objects.get().status, Payment.objects.get().status) == ("refunded", "refunded")
    assert credits_of(user) == SIGNUP


def test_a_part_that_the_provider_cannot_send_is_owed(
    staff: User, user: User, stripe: StripeServer, intent: str
) -> None:
    outcome(stripe.pay(intent))
    stripe.down = True
    refund(staff=staff, order=Order.objects.get(), amount=Decimal(3), reason="Late")
    assert OrderRefund.objects.get().sent_at is None
    stripe.down = False
    list(reconcile())
    list(reconcile())
    assert OrderRefund.objects.get().sent_at is not None
    assert stripe.intents[intent]["latest_charge"]["amount_refunded"] == 300


def test_a_disputed_payment_is_not_paid_back_in_part(staff: User, stripe: StripeServer, intent: str) -> None:
    outcome(stripe.pay(intent))
    outcome(stripe.dispute(intent, "created", "needs_response"))
    with pytest.raises(DomainError, match="disputed"):
        refund(staff=staff, order=Order.objects.get(), amount=Decimal(3), reason="Late")
    assert (Order.objects.get().refunded_amount, stripe.refunds) == (0, [])
