"""Who collects the money of an order: plugged in by the name of the payment method (``commerce.hooks``)."""

from commerce.hooks import payment_providers
from commerce.payment_provider import PaymentProvider


def provider_of(payment_method: str) -> PaymentProvider:
    """The provider behind one of the payment methods."""
    return payment_providers[payment_method]


__all__ = ["PaymentProvider", "provider_of"]
