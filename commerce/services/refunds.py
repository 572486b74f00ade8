"""Refunds that staff decide: the whole of an order, or a part of it. The money goes back through the provider."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import audit
from commerce.models import Order, OrderRefund
from commerce.services.currencies import check_amount
from commerce.services.locks import lock_order
from commerce.services.providers import provider_of
from commerce.services.settlement import order_closed, record, refund_whole, take_back_part
from config.api.errors import DomainError, Forbidden, ValidationFailed
from config.api.why import check_reason
from tenants.scope import all_tenants

PERMISSION: Final = "commerce.change_order"


def refund(*, staff: User, order: Order, amount: Decimal | None, reason: str, shown: Decimal | None = None) -> Order:
    """Pay back ``amount`` of a paid order, or all that is left of it (None): then the order is refunded.

    shown: how much had been paid back when ``staff`` looked; whoever comes second is told. Raises ValidationFailed for
    ``amount`` and ``reason``, DomainError ``order_state``, ``changed_meanwhile`` (409), ``credits_spent``,
    ``sale_spent`` or ``payment_disputed``. What the provider can't send now is owed: ``reconcile_payments`` sends it.
    """
    if not staff.has_perm(PERMISSION):
        raise Forbidden("Only staff pay orders back", code="staff_only")
    reason = check_reason(reason)
    part = None
    with all_tenants(), transaction.atomic():
        order = lock_order(order)
        before, back = order.status, order.refunded_amount
        if Order.Status.REFUNDED not in Order.TRANSITIONS[order.status]:
            raise order_closed(order)
        if shown is not None and shown != back:
            text = f"{back.normalize():f} {order.currency} of this order are paid back by now: look again."
            raise DomainError("changed_meanwhile", text, status=409)
        if amount is not None:
            _check(order, amount)
        if amount is None or amount == order.left:
            refund_whole(order, by=staff, note=reason)
        else:
            part = _pay_part(order, amount, staff, reason)
        audit.record(
            "order.refunded",
            actor=staff,
            subject=order.customer,
            order=order.pk,
            amount=str(order.total_cost - back if part is None else amount),
            before={"status": before, "refunded": str(back)},
            after={"status": order.status, "refunded": str(order.refunded_amount)},
            reason=reason,
        )
    if part is None:
        provider_of(order.payment_method).send_back(order)
    else:
        _send(part)
    return order


def send_parts() -> Iterator[tuple[bool, str]]:
    """Send the parts that are owed; yields (sent, sentence) for each."""
    with all_tenants():
        owed = list(OrderRefund.objects.filter(sent_at=None).select_related("order"))
    for part in owed:
        # The whole has taken the part along.
        if part.order.status != Order.Status.REFUNDED:
            sent = _send(part)
            yield sent, f"{part} was {'paid back' if sent else 'not paid back'}"


def _check(order: Order, amount: Decimal) -> None:
    if not amount.is_finite() or amount <= 0:
        raise ValidationFailed({"amount": ["More than nothing."]})
    if amount > order.left:
        raise ValidationFailed({"amount": [f"At most {order.left.normalize():f} {order.currency} are left of it."]})
    check_amount(amount, order.currency, "amount")
    if order.paid_at is None and amount < order.left:
        raise ValidationFailed({"amount": ["Money that came too late goes back as a whole."]})


def _pay_part(locked: Order, amount: Decimal, staff: User, reason: str) -> OrderRefund:
    part = OrderRefund.objects.create(order=locked, amount=amount, reason=reason)
    take_back_part(locked, part)
    locked.refunded_amount += amount
    locked.save(update_fields=["refunded_amount"])
    provider_of(locked.payment_method).give_part(locked, part)
    record(locked, staff, f"{amount.normalize():f} {locked.currency} were paid back: {reason}")
    return part


def _send(part: OrderRefund) -> bool:
    sent = provider_of(part.order.payment_method).send_part(part)
    if sent:
        OrderRefund.objects.filter(pk=part.pk).update(sent_at=timezone.now())
    return sent
