"""What staff do with operations, balances and orders, as acts of their pages. The services decide."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any, cast

from django import forms

from accounts.models import User
from commerce.models import FinanceOperation, Order, PromoCode, Wallet
from commerce.services import adjustments, finance, orders, promo, refunds
from config.staff_acts import Act, ReasonForm, Values

OPERATION = finance.PERMISSION
ORDER = "commerce.change_order"


class AdjustForm(ReasonForm):
    """Asks how much; remembers which form it is, so that sending it twice adjusts once."""

    change = forms.DecimalField(
        max_digits=12,
        decimal_places=3,
        help_text="Below zero to take away: -5 takes 5. The balance never goes below zero.",
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
    field_order = ("change", "reason", "key")

    def begin(self) -> None:
        self.initial.setdefault("key", uuid.uuid4())


class RefundForm(ReasonForm):
    amount = forms.DecimalField(
        required=False, max_digits=12, decimal_places=3, help_text="Empty: the whole, or what is left of it."
    )
    shown = forms.DecimalField(required=False, widget=forms.HiddenInput)
    field_order = ("amount", "reason", "shown")

    def begin(self) -> None:
        if self.row is not None:
            self.initial.setdefault("shown", self.row.refunded_amount)

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if self.row is not None:
            # Whoever was told what happened meanwhile decides anew, with what was typed.
            self.data = cast(Any, self.data).copy()
            now = Order.objects.values_list("refunded_amount", flat=True).get(pk=self.row.pk)
            self.data["shown"] = str(now)  # type: ignore[index]


def _adjust(staff: User, wallet: Wallet, values: Values) -> str:
    operation = adjustments.adjust(
        staff=staff, wallet=wallet, change=values["change"], reason=values["reason"], key=str(values["key"])
    )
    if operation.is_open:
        return f"{operation} asked for: a second member of the staff has to approve operation {operation.pk}."
    return f"{operation} done."


def _decide(status: FinanceOperation.Status, staff: User, operation: FinanceOperation, values: Values) -> str:
    operation = finance.change_status(user=staff, operation=operation, status=status, info=values["reason"])
    return f"{operation} is {operation.get_status_display().lower()} now."


def _approvable(staff: User, operation: FinanceOperation) -> bool:
    adjustment = operation.reference_type == "adjustment"
    return operation.is_open and not (adjustment and staff.pk in (operation.reference_id, operation.user_id))


def _open(staff: User, operation: FinanceOperation) -> bool:
    return operation.is_open


def _move(status: str, staff: User, order: Order, values: Values) -> str:
    order = orders.decide(staff=staff, order=order, status=status, reason=values["reason"])
    return f"{order} is {order.status} now."


def _can(status: str, staff: User, order: Order) -> bool:
    return status in Order.TRANSITIONS[order.status]


def _refund(staff: User, order: Order, values: Values) -> str:
    order = refunds.refund(
        staff=staff, order=order, amount=values["amount"], reason=values["reason"], shown=values["shown"]
    )
    if order.status == Order.Status.REFUNDED:
        return f"{order} is paid back."
    return f"{order}: {order.refunded_amount.normalize():f} {order.currency} are paid back by now."


def _order_act(verb: str, title: str, status: str, about: str, danger: bool = False) -> Act:
    return Act(verb, title, ORDER, partial(_move, status), about=about, possible=partial(_can, status), danger=danger)


def _switch(active: bool, staff: User, code: PromoCode, values: Values) -> str:
    promo.switch(staff=staff, code=code, active=active, reason=values["reason"])
    return f"{code} is switched {'on' if active else 'off'}."


PROMO_ACTS = (
    Act(
        "off", "Switch off", promo.PERMISSION, partial(_switch, False),
        about="Nobody can use it any more; orders that have it keep their discount.",
        possible=lambda _, code: code.active, danger=True,
    ),
    Act(
        "on", "Switch on", promo.PERMISSION, partial(_switch, True),
        about="Customers can use it, within its dates and limits.", possible=lambda _, code: not code.active,
    ),
)  # fmt: skip
WALLET_ACTS = (
    Act(
        "adjust", "Adjust balance", adjustments.PERMISSION, _adjust, AdjustForm,
        "A new entry of the ledger. Above the set amount it waits until a second member of the staff approves it.",
        lambda staff, wallet: wallet.closed_at is None,
    ),
)  # fmt: skip
OPERATION_ACTS = (
    Act(
        "approve", "Approve", OPERATION, partial(_decide, FinanceOperation.Status.EXECUTED),
        about="The balance moves, and the entry stays for good.", possible=_approvable,
    ),
    Act(
        "cancel", "Cancel", OPERATION, partial(_decide, FinanceOperation.Status.CANCELLED),
        about="Nothing moves, and the operation is over.", possible=_open, danger=True,
    ),
)  # fmt: skip
ORDER_ACTS = (
    _order_act("paid", "Money has arrived", Order.Status.PAID, "The order is paid: its credits are granted."),
    _order_act("finish", "Finish", Order.Status.FINISHED, "The customer has everything: the seller gets the money."),
    _order_act("cancel", "Cancel order", Order.Status.CANCELLED, "Stock and promo code are free again.", True),
    Act(
        "refund",
        "Refund",
        ORDER,
        _refund,
        RefundForm,
        "The whole takes the credits back and ends the order; a part leaves both. The money goes back as it came.",
        partial(_can, Order.Status.REFUNDED),
        danger=True,
    ),
)
