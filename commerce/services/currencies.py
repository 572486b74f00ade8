"""Money in the units that providers count in."""

from __future__ import annotations

from decimal import Decimal

from config.api.errors import ValidationFailed

# ISO 4217 minor units; every currency that is not named has two. Stripe counts the same way.
_DIGITS = {
    **dict.fromkeys(
        ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"],
        0,
    ),
    **dict.fromkeys(["BHD", "JOD", "KWD", "OMR", "TND"], 3),
}


def digits(currency: str) -> int:
    """Decimal places of the currency's smallest unit."""
    return _DIGITS.get(currency.upper(), 2)


def smallest(currency: str) -> Decimal:
    """The smallest amount: 0.01 for USD, 1 for JPY."""
    return Decimal(1).scaleb(-digits(currency))


def to_minor(amount: Decimal, currency: str) -> int:
    """12.34 USD -> 1234; 500 JPY -> 500. Raises ValueError for a fraction of the smallest unit."""
    scaled = amount.scaleb(digits(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} {currency} is a fraction of its smallest unit")
    return int(scaled)


def from_minor(units: int, currency: str) -> Decimal:
    """1234 USD -> 12.34."""
    return Decimal(units).scaleb(-digits(currency))


def check_amount(amount: Decimal, currency: str, field: str) -> None:
    """Refuse fractions of the currency's smallest unit, credits included. Raises ValidationFailed."""
    places = 0 if currency == "credits" else digits(currency)
    if amount != round(amount, places):
        raise ValidationFailed({field: [f"At most {places} decimal places are possible in {currency}."]})
