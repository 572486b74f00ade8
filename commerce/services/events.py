"""The provider's events: believed only if signed and fresh, applied once, in whatever order they come."""

from __future__ import annotations

import logging
from typing import TypedDict

import orjson
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from commerce.models import Payment, PaymentEvent
from commerce.services import payments
from commerce.services.currencies import from_minor
from config.api.errors import DomainError, NotFound
from tenants.scope import all_tenants

logger = logging.getLogger(__name__)

APPLIED = "applied"
IGNORED = "ignored"


class _Failure(TypedDict, total=False):
    message: str | None


class _Subject(TypedDict, total=False):
    """What an event is about: which members it has depends on the event's type."""

    id: str
    status: str
    currency: str
    amount_received: int
    amount_refunded: int
    payment_intent: str | None
    last_payment_error: _Failure | None


class _Data(TypedDict):
    object: _Subject


class _Event(TypedDict):
    id: str
    type: str
    data: _Data


def receive_event(*, payload: bytes, signature: str) -> PaymentEvent:
    """Check, store and apply one webhook call of Stripe's. An event that was applied before changes nothing.

    Raises DomainError ``payment_method_unavailable`` (422) without a webhook secret, ``invalid_signature`` (400),
    ``unknown_payment`` (404) and ``payment_mismatch`` (422); a refused event may be sent again.
    """
    body = _verified(payload, signature)
    refusal = None
    with all_tenants(), transaction.atomic():
        event = _claim(body)
        if event.applied_at is not None:
            return event
        try:
            with transaction.atomic():
                event.outcome = _apply(event, body["data"]["object"])
                event.applied_at = timezone.now()
        except DomainError as error:
            refusal, event.outcome = error, error.code
        event.save(update_fields=["outcome", "applied_at", "payment"])
    if refusal is not None:
        logger.warning("Event %s (%s) was refused: %s", event.event_id, event.type, refusal)
        raise refusal
    return event


def _verified(payload: bytes, signature: str) -> _Event:
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise DomainError("payment_method_unavailable", "Stripe is not configured on this server.")
    # Here: it is large, and nothing else needs it.
    from stripe import SignatureVerificationError, WebhookSignature

    try:
        WebhookSignature.verify_header(
            payload.decode(), signature, settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_WEBHOOK_TOLERANCE
        )
    except (SignatureVerificationError, UnicodeDecodeError) as error:
        raise DomainError("invalid_signature", "The signature is missing, wrong or too old.", status=400) from error
    try:
        body: _Event = orjson.loads(payload)
        well_formed = isinstance(body["id"], str) and isinstance(body["type"], str) and "id" in body["data"]["object"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        well_formed = False
    if not well_formed:
        raise DomainError("malformed_event", "This is no event of Stripe's.", status=400)
    return body


def _claim(body: _Event) -> PaymentEvent:
    """The event's row, locked: the same event sent twice at once is applied by one after the other."""
    PaymentEvent.objects.bulk_create(
        [
            PaymentEvent(
                event_id=body["id"],
                type=body["type"][:127],
                object_id=str(body["data"]["object"]["id"])[:255],
                payload=body,
            )
        ],
        ignore_conflicts=True,
    )
    return PaymentEvent.objects.select_for_update().get(event_id=body["id"])


def _apply(event: PaymentEvent, subject: _Subject) -> str:
    match event.type:
        case "payment_intent.succeeded":
            payment = event.payment = _payment(subject["id"])
            return payments.payment_succeeded(payment, amount=subject["amount_received"], currency=subject["currency"])
        case "payment_intent.payment_failed":
            payment = event.payment = _payment(subject["id"])
            reason = (subject.get("last_payment_error") or {}).get("message") or "The payment failed."
            return payments.payment_failed(payment, reason)
        case "payment_intent.canceled":
            payment = event.payment = _payment(subject["id"])
            return payments.payment_cancelled(payment)
        case "charge.refunded":
            payment = event.payment = _payment(subject["payment_intent"])
            return payments.payment_refunded(payment, refunded=from_minor(subject["amount_refunded"], payment.currency))
        case "charge.dispute.created":
            payment = event.payment = _payment(subject["payment_intent"])
            return IGNORED if _is_closed(subject["id"]) else payments.payment_disputed(payment)
        case "charge.dispute.closed":
            payment = event.payment = _payment(subject["payment_intent"])
            return payments.dispute_closed(payment, won=subject["status"] != "lost")
    return IGNORED


def _payment(intent_id: str | None) -> Payment:
    payment = Payment.objects.select_for_update(of=("self",)).filter(intent_id=intent_id).first()
    if payment is None:
        raise NotFound("There is no such payment", code="unknown_payment")
    return payment


def _is_closed(dispute_id: str) -> bool:
    """Whether the end of the dispute was heard of before its beginning."""
    ends = PaymentEvent.objects.filter(type="charge.dispute.closed", object_id=dispute_id)
    return ends.exclude(applied_at=None).exists()
