"""The wallet types and credit packages that a new studio starts with."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from commerce.models import Product, WalletType
from commerce.services.wallets import builtin_type
from effects.models import Category

_PACKAGES = (
    ("Starter", "100 GPU credits, to try things out.", "9.99", 100),
    ("Creator", "500 GPU credits for regular work.", "39.99", 500),
    ("Studio", "2,000 GPU credits for long films.", "129.99", 2000),
)


@transaction.atomic
def seed_commerce() -> int:
    """Create what is missing; answers how many rows. What staff have changed or withdrawn stays as they left it."""
    missing = {WalletType.Kind.CREDITS, WalletType.Kind.BALANCE} - set(
        WalletType.objects.values_list("kind", flat=True)
    )
    for kind in sorted(missing):
        builtin_type(WalletType.Kind(kind))
    category, created = Category.objects.get_or_create(
        slug="gpu-credits",
        defaults={
            "name": "GPU credits",
            "description": "Credits for renders and effects.",
            "kind": Category.Kind.PRODUCT,
        },
    )
    if not created:
        return len(missing)
    for name, description, price, credits in _PACKAGES:
        Product.objects.create(
            category=category, name=name, description=description, price=Decimal(price), credits=credits
        )
    return len(missing) + 1 + len(_PACKAGES)
