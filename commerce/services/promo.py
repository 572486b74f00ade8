"""Promo codes: use one up, give one back."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from accounts.services.audit import record
from commerce.models import Order, PromoCode
from commerce.services.currencies import smallest
from config.api.errors import Conflict, DomainError, Forbidden
from config.api.why import check_reason

PERMISSION: Final = "commerce.change_promocode"


def redeem(*, code: str, user: User, cost: Decimal, currency: str) -> tuple[PromoCode, Decimal]:
    """Count one use of the code and answer its discount on the cost; call inside the order's transaction.

    Raises DomainError ``promo_code_unknown``, ``_expired``, ``_minimum``, ``_exhausted`` or ``_used`` (422).
    """
    now = timezone.now()
    wanted = code.strip().upper()
    promo = PromoCode.objects.filter(code=wanted, active=True, starts_at__lte=now).first()
    if promo is None:
        raise DomainError("promo_code_unknown", "There is no such promo code.", data={"promo_code": wanted})
    if promo.ends_at is not None and promo.ends_at <= now:
        raise DomainError("promo_code_expired", "This promo code has expired.", data={"ends_at": promo.ends_at})
    if cost < promo.minimum:
        raise DomainError(
            "promo_code_minimum",
            f"This promo code needs an order of at least {promo.minimum.normalize():f} {currency}.",
            data={"minimum": promo.minimum, "products_cost": cost},
        )
    # Counting locks the row until the order is committed, so what follows sees every earlier order with this code.
    left = Q(max_uses=None) | Q(uses__lt=F("max_uses"))
    if not PromoCode.objects.filter(left, pk=promo.pk).update(uses=F("uses") + 1):
        raise DomainError("promo_code_exhausted", "This promo code has been used up.")
    if promo.max_uses_per_user is not None:
        used = Order.objects.filter(customer=user, promo_code=promo).exclude(status=Order.Status.CANCELLED).count()
        if used >= promo.max_uses_per_user:
            raise DomainError("promo_code_used", "You have used this promo code as often as you may.")
    return promo, promo.discount_on(cost, smallest(currency))


def switch(*, staff: User, code: PromoCode, active: bool, reason: str) -> PromoCode:
    """Let customers use the code, or keep them from it. Raises Forbidden, and Conflict where it is so already."""
    if not staff.has_perm(PERMISSION):
        raise Forbidden("Only staff switch promo codes", code="staff_only")
    reason = check_reason(reason)
    with transaction.atomic():
        found = PromoCode.objects.select_for_update().get(pk=code.pk)
        if found.active == active:
            raise Conflict(f"It is switched {'on' if active else 'off'} already.")
        found.active = active
        found.save(update_fields=["active"])
        record("promo_code.switched", actor=staff, code=found.code, before=not active, after=active, reason=reason)
    return found


def give_back(promo: PromoCode) -> None:
    """The order came to nothing: its use of the code does not count."""
    PromoCode.objects.filter(pk=promo.pk, uses__gt=0).update(uses=F("uses") - 1)
