"""Card payments through Stripe: PaymentIntents that the customer's browser completes, and refunds.

The money is believed when a signed event says so (``commerce.services.events``), or when ``reconcile_payments`` asks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from django.conf import settings

from accounts.models import User
from commerce.models import Order, OrderRefund, Payment
from commerce.payment_provider import PaymentProvider
from commerce.services.currencies import to_minor
from config.api.errors import DomainError

if TYPE_CHECKING:
    import stripe


Intent: TypeAlias = dict[str, Any]
"""A PaymentIntent as Stripe writes it."""

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 20
RETRIES = 2


class StripeProvider(PaymentProvider):
    def ensure_available(self) -> None:
        client()

    def collect(self, order: Order, *, by: User | None) -> None:
        if by is not None:
            raise DomainError("payment_pending", "The card payment of this order has not arrived yet.")

    def withdraw(self, order: Order) -> None:
        for payment in order.payments.filter(status=Payment.Status.CREATED):
            try:
                with _answered():
                    client().v1.payment_intents.cancel(payment.intent_id)
            except DomainError as error:
                # It may have been paid this very moment: then its event, or reconcile_payments, will tell.
                logger.warning("%s could not be cancelled: %s", payment, error)
            else:
                Payment.objects.filter(pk=payment.pk, status=Payment.Status.CREATED).update(
                    status=Payment.Status.CANCELLED
                )

    def send_back(self, order: Order) -> None:
        for payment in order.payments.filter(status=Payment.Status.SUCCEEDED):
            send_back(payment)

    def give_part(self, order: Order, refund: OrderRefund) -> None:
        if not order.payments.filter(status=Payment.Status.SUCCEEDED).exists():
            raise DomainError("payment_disputed", "The card payment of this order is disputed: the bank decides.")

    def send_part(self, refund: OrderRefund) -> bool:
        payment = refund.order.payments.filter(status=Payment.Status.SUCCEEDED).first()
        return payment is not None and _refund(payment, f"refund-part-{refund.pk}", part=refund.amount)


def client() -> stripe.StripeClient:
    """The SDK's client. Raises DomainError ``payment_method_unavailable`` (422) without a key."""
    if not settings.STRIPE_SECRET_KEY:
        raise DomainError(
            "payment_method_unavailable", "Card payments are off: Stripe is not configured on this server."
        )
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def create_intent(*, amount: Decimal, currency: str, subject: str, user: User, description: str) -> Intent:
    """A PaymentIntent for the subject (``order-12-1``), the same one however often it is asked for."""
    with _answered():
        intent = client().v1.payment_intents.create(
            {
                "amount": to_minor(amount, currency),
                "currency": currency.lower(),
                "description": description,
                "metadata": {"subject": subject, "user_id": str(user.pk)},
                "automatic_payment_methods": {"enabled": True},
            },
            {"idempotency_key": f"intent-{subject}"},
        )
    return dict(intent.to_dict())


def find_intent(intent_id: str) -> Intent:
    """The PaymentIntent as Stripe has it now. Raises DomainError ``provider_failed`` (502)."""
    with _answered():
        return dict(client().v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]}).to_dict())


def send_back(payment: Payment) -> bool:
    """Refund what was paid; once, however often it is called. False if Stripe did not do it."""
    if not _refund(payment, f"refund-{payment.pk}"):
        return False
    Payment.objects.filter(pk=payment.pk).update(
        status=Payment.Status.REFUNDED, refunded_amount=payment.amount, last_error=""
    )
    return True


def _refund(payment: Payment, key: str, *, part: Decimal | None = None) -> bool:
    """Of a part our ``refunded_amount`` learns by the event that follows."""
    asked: stripe.params.RefundCreateParams = {"payment_intent": payment.intent_id}
    if part is not None:
        asked["amount"] = to_minor(part, payment.currency)
    try:
        with _answered():
            client().v1.refunds.create(asked, {"idempotency_key": key})
    except DomainError as error:
        logger.warning("%s could not be refunded: %s", payment, error)
        Payment.objects.filter(pk=payment.pk).update(last_error=str(error)[:255])
        return False
    return True


@lru_cache
def _client(key: str, base: str) -> stripe.StripeClient:
    # Here: it is large, and nothing else needs it.
    import stripe

    # Kept, for its connections.
    return stripe.StripeClient(
        key,
        base_addresses={"api": base},
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        max_network_retries=RETRIES,
    )


@contextmanager
def _answered() -> Iterator[None]:
    """Stripe's refusals and silences as ours."""
    from stripe import StripeError

    try:
        yield
    except StripeError as error:
        message = error.user_message or "The payment provider does not answer."
        raise DomainError("provider_failed", message, status=502) from error
