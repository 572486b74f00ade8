"""What things cost and how they are paid."""

from config.settings.environment import env

CURRENCY = env.pattern("CURRENCY", "USD", "[A-Za-z]{3}", "USD").upper()
"""ISO 4217 code of every price and personal balance."""

PREVIEW_PRICE_SHARE = env.number("PREVIEW_PRICE_SHARE", 0.5, least=0, most=1)
"""What a preview's frame costs, as a share of a final's: 0 makes previews free."""

_four_eyes = env.pattern("FOUR_EYES_ABOVE", "100", r"\d{1,9}(,[A-Za-z]{3,8}:\d{1,9})*", "100,USD:50,credits:1000")
FOUR_EYES_ABOVE: dict[str, int] = {
    currency.lower() or "any": int(amount)
    for currency, _, amount in (part.rpartition(":") for part in _four_eyes.split(","))
}
"""What one member of the staff may change a balance by in a day, by its currency or ``any``; more takes a second."""

STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
"""Empty: no card payments."""
STRIPE_PUBLISHABLE_KEY = env.str("STRIPE_PUBLISHABLE_KEY", "")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", "")
# Seconds for which a webhook's signature is good: an older one may be a replay.
STRIPE_WEBHOOK_TOLERANCE = env.whole("STRIPE_WEBHOOK_TOLERANCE", 300, least=0)
STRIPE_API_BASE = env.address("STRIPE_API_BASE", "https://api.stripe.com")

# An order nobody paid gives its stock and promo code back after this long.
ORDER_EXPIRES_HOURS = env.whole("ORDER_EXPIRES_HOURS", 48)
