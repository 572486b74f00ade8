"""The commands, the seed and the start-up checks."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from commerce.checks import check_stripe, check_stripe_keys
from commerce.models import Product, WalletType
from commerce.services.seeding import seed_commerce
from commerce.services.wallets import open_credit_wallet
from tenants.scope import all_tenants

pytestmark = pytest.mark.django_db


def test_the_audit_fails_with_the_culprits(user: User) -> None:
    wallet = open_credit_wallet(user=user)
    out, err = StringIO(), StringIO()
    call_command("audit_ledger", stdout=out, stderr=err)
    assert (out.getvalue(), err.getvalue()) == ("The ledger is sound.\n", "")
    with all_tenants(), connection.cursor() as cursor:
        cursor.execute("UPDATE commerce_wallet SET balance = 99 WHERE id = %s", [wallet.pk])
    with pytest.raises(CommandError):
        call_command("audit_ledger", stdout=out, stderr=err)
    assert f"wallet {wallet.pk} has balance 99.000, its entries sum to 50.000" in err.getvalue()


def test_the_seed_leaves_alone_what_staff_changed() -> None:
    assert seed_commerce() == 6
    assert set(WalletType.objects.values_list("kind", flat=True)) == {"credits", "balance"}
    assert all(product.seller is None and product.credits > 0 for product in Product.objects.all())
    Product.objects.update(price=5)
    Product.objects.filter(name="Studio").delete()
    assert seed_commerce() == 0
    assert set(Product.objects.values_list("name", "price")) == {("Starter", 5), ("Creator", 5)}


@pytest.mark.parametrize(
    ("secret", "webhook", "ids"),
    [("", "", ["commerce.W001"]), ("sk", "whsec", []), ("sk", "", ["commerce.E001"]),
     ("", "whsec", ["commerce.E001", "commerce.W001"])],
)  # fmt: skip
def test_checks_tell_what_is_missing_for_cards(secret: str, webhook: str, ids: list[str], settings: Any) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = secret, webhook
    assert [message.id for message in [*check_stripe_keys(), *check_stripe()]] == ids
