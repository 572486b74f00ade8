"""Where apps that hold credits plug in, and who collects money; commerce knows none of the apps."""

from __future__ import annotations

from collections.abc import Iterable

from commerce.payment_provider import PaymentProvider
from config.platform.hooks import hook, hook_of


@hook
def holds_compared() -> Iterable[str]:
    """Contradictions between the open holds of one reference type and the rows they are for, in words; the key is the
    type. Called by the audit over all tenants."""
    raise NotImplementedError


payment_providers = hook_of("payment_providers", PaymentProvider, "Who collects the money, by the payment method.")
