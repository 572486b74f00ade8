"""What a start-up should say about the way this studio is paid."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from commerce.hooks import payment_providers
from commerce.models import PaymentMethod


@register
def check_stripe_keys(app_configs: object = None, **_: object) -> list[CheckMessage]:
    """Card payments need both secrets: a payment whose webhook can't be read is never credited."""
    keys = {"STRIPE_SECRET_KEY": settings.STRIPE_SECRET_KEY, "STRIPE_WEBHOOK_SECRET": settings.STRIPE_WEBHOOK_SECRET}
    missing = [name for name, value in keys.items() if not value]
    if len(missing) == 1:
        return [Error(f"Stripe is half configured: {missing[0]} is empty.", id="commerce.E001")]
    return []


@register
def check_payment_providers(app_configs: object = None, **_: object) -> list[CheckMessage]:
    """Somebody collects the money of every payment method that an order may name."""
    missing = [method for method in PaymentMethod.values if method not in payment_providers]
    if missing:
        return [Error(f"Nobody is plugged in who collects by {', '.join(missing)}.", id="commerce.E002")]
    return []


@register(deploy=True)
def check_stripe(app_configs: object = None, **_: object) -> list[CheckMessage]:
    """A studio without card payments is a choice, but one to be told of."""
    if settings.STRIPE_SECRET_KEY:
        return []
    return [
        Warning("Stripe is not configured: card payments are off.", hint="Set STRIPE_SECRET_KEY.", id="commerce.W001")
    ]
