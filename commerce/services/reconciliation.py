"""Reconciliation: our payments beside the provider's, lost events made up for, refunds that are owed sent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from commerce.models import FinanceOperation, Order, Payment
from commerce.services import payments
from commerce.services.currencies import from_minor, to_minor
from commerce.services.providers.stripe import Intent, find_intent, send_back
from commerce.services.refunds import send_parts
from config.api.errors import DomainError
from tenants.scope import all_tenants


def reconcile() -> Iterator[tuple[bool, str]]:
    """Compare every payment with Stripe; yields (settled, sentence) for each that differed.

    Not settled is what a person has to look at.
    """
    for payment in Payment.objects.select_related("order").order_by("pk").iterator():
        try:
            intent = find_intent(payment.intent_id)
        except DomainError as error:
            yield False, f"{payment}: {error}"
            continue
        yield from _compare(payment, intent)
    yield from _send_what_is_owed()


def _compare(payment: Payment, intent: Intent) -> Iterator[tuple[bool, str]]:
    expected = to_minor(payment.amount, payment.currency)
    if (intent["amount"], intent["currency"].upper()) != (expected, payment.currency):
        yield False, f"{payment}: {expected} {payment.currency} here, {intent['amount']} {intent['currency']} there"
        return
    pending = payment.status == Payment.Status.CREATED
    if intent["status"] == "succeeded" and pending:
        yield from _apply(payment, "was paid", intent)
    elif intent["status"] == "canceled" and pending:
        yield from _apply(payment, "was cancelled", intent)
    elif intent["status"] != "succeeded" and payment.status in (Payment.Status.SUCCEEDED, Payment.Status.DISPUTED):
        yield False, f"{payment}: {payment.status} here, {intent['status']} there"
    elif intent["status"] == "succeeded":
        charge = intent.get("latest_charge") or {}
        refunded = from_minor(charge.get("amount_refunded", 0), payment.currency)
        if refunded != payment.refunded_amount:
            yield from _apply_refund(payment, refunded)


def _apply(payment: Payment, what: str, intent: Intent) -> Iterator[tuple[bool, str]]:
    """Do what the event that never came would have done."""
    try:
        with all_tenants(), transaction.atomic():
            payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
            if intent["status"] == "canceled":
                payments.payment_cancelled(payment)
            else:
                payments.payment_succeeded(payment, amount=intent["amount_received"], currency=intent["currency"])
    except DomainError as error:
        yield False, f"{payment}: {error}"
    else:
        yield True, f"{payment} {what}, which no event had told"


def _apply_refund(payment: Payment, refunded: Decimal) -> Iterator[tuple[bool, str]]:
    if refunded < payment.refunded_amount:
        yield False, f"{payment}: {payment.refunded_amount} were paid back here, {refunded} there"
        return
    with all_tenants(), transaction.atomic():
        payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
        payments.payment_refunded(payment, refunded=refunded)
    yield True, f"{payment} was paid back, which no event had told"


def _send_what_is_owed() -> Iterator[tuple[bool, str]]:
    """Money that was kept for an order that is over, or for an operation that was cancelled."""
    closed = (Order.Status.CANCELLED, Order.Status.REFUNDED)
    with all_tenants():
        owed = list(
            Payment.objects.filter(status=Payment.Status.SUCCEEDED).filter(
                Q(order__status__in=closed) | Q(operation__status=FinanceOperation.Status.CANCELLED)
            )
        )
    for payment in owed:
        sent = send_back(payment)
        yield sent, f"{payment} was {'paid back' if sent else 'not paid back'}: what it paid for is over"
    yield from send_parts()
