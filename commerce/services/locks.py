"""The one address of commerce's row locks. Rows are locked in the order order -> wallets by key, for a short time."""

from __future__ import annotations

from collections.abc import Iterable

from commerce.models import Order, Wallet


def lock_order(order: Order) -> Order:
    """The order as it is now, with nobody else changing it until the transaction ends."""
    return (
        Order.objects.select_for_update(of=("self",))
        .select_related("customer", "seller", "promo_code")
        .get(pk=order.pk)
    )


def lock_wallets(wallets: Iterable[Wallet]) -> None:
    """Before a transaction moves several wallets: two that pay each other must not wait for each other."""
    keys = sorted({wallet.pk for wallet in wallets})
    list(Wallet._base_manager.filter(pk__in=keys).order_by("pk").select_for_update().values_list("pk"))
