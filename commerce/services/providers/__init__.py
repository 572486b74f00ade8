"""Who collects the money of an order."""

from commerce.services.providers.balance import BalanceProvider
from commerce.services.providers.base import PaymentProvider
from commerce.services.providers.manual import ManualProvider
from commerce.services.providers.stripe import StripeProvider

_PROVIDERS: dict[str, PaymentProvider] = {
    "stripe": StripeProvider(),
    "balance": BalanceProvider(),
    "bank_transfer": ManualProvider("bank transfer"),
    "cash": ManualProvider("cash"),
}


def provider_of(payment_method: str) -> PaymentProvider:
    """The provider behind one of the payment methods."""
    return _PROVIDERS[payment_method]


__all__ = ["PaymentProvider", "provider_of"]
