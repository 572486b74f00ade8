"""Payments through a provider: begin one, and what its coming and going does."""

from __future__ import annotations

from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models.functions import Greatest

from accounts.models import User
from commerce.models import ADJUSTMENT, CREDITS, FinanceOperation, Order, Payment, PaymentMethod, Wallet
from commerce.services import ledger
from commerce.services.currencies import to_minor
from commerce.services.locks import lock_order
from commerce.services.providers.stripe import create_intent, find_intent
from commerce.services.settlement import pay_order, record, refund_by_provider, take_back_credits
from config.api.errors import DomainError, NotFound


def begin_order_payment(*, user: User, order_id: int) -> tuple[Payment, str]:
    """The payment of the customer's unpaid order and its client secret; asked again, the same one."""
    order = Order.objects.filter(pk=order_id, customer=user).first()
    if order is None:
        raise NotFound("Order not found")
    if order.status != Order.Status.UNPAID or order.payment_method != PaymentMethod.STRIPE:
        raise DomainError("order_not_payable", "This order is not waiting for a card payment.")
    return _begin(
        user, order.total_cost, order.currency, f"order-{order.pk}", f"Order {order.number}", {"order": order}
    )


def begin_top_up(*, user: User, operation_id: int) -> tuple[Payment, str]:
    """The payment of the user's own open enrollment into a wallet of money."""
    operation = FinanceOperation.objects.filter(pk=operation_id, user=user).select_related("wallet").first()
    if operation is None:
        raise NotFound("Finance operation not found")
    enrollment = operation.type == FinanceOperation.Type.ENROLLMENT
    # What staff began is theirs to decide.
    payable = enrollment and operation.wallet.currency != CREDITS and operation.reference_type != ADJUSTMENT
    if not payable or not operation.is_open:
        raise DomainError("operation_not_payable", "This operation is not waiting for a payment.")
    subject = f"operation-{operation.pk}"
    return _begin(
        user, operation.amount, operation.wallet.currency, subject, "Personal balance", {"operation": operation}
    )


def payment_succeeded(payment: Payment, *, amount: int, currency: str) -> str:
    """The money is there: pay what it is for. Call with the payment locked, over all tenants; answers the outcome.

    amount: in the currency's smallest unit. Raises DomainError ``payment_mismatch`` (422).
    """
    expected = to_minor(payment.amount, payment.currency)
    if amount != expected or currency.upper() != payment.currency:
        raise DomainError(
            "payment_mismatch",
            f"{expected} {payment.currency} were expected, {amount} {currency.upper()} were paid.",
            data={"expected": expected, "paid": amount},
        )
    if payment.status not in (Payment.Status.CREATED, Payment.Status.CANCELLED):
        return "ignored"
    _move(payment, Payment.Status.SUCCEEDED)
    if payment.order is None:
        return _execute(payment)
    order = lock_order(payment.order)
    if order.status != Order.Status.UNPAID:
        record(order, None, "A payment arrived too late; it has to be paid back")
        return "order_closed"
    pay_order(order, by=None)
    return "applied"


def payment_cancelled(payment: Payment) -> str:
    """Nothing will come of this payment any more."""
    if payment.status != Payment.Status.CREATED:
        return "ignored"
    _move(payment, Payment.Status.CANCELLED)
    return "applied"


def payment_failed(payment: Payment, reason: str) -> str:
    """An attempt failed; the customer may try again."""
    if payment.status != Payment.Status.CREATED:
        return "ignored"
    payment.last_error = reason[:255]
    payment.save(update_fields=["last_error", "updated_at"])
    return "applied"


def payment_refunded(payment: Payment, *, refunded: Decimal) -> str:
    """The provider paid money back, ``refunded`` in all so far. A part is noted; the whole undoes what it paid for."""
    if payment.status == Payment.Status.REFUNDED or refunded <= payment.refunded_amount:
        return "ignored"
    payment.refunded_amount = refunded
    if refunded < payment.amount:
        payment.save(update_fields=["refunded_amount", "updated_at"])
        if payment.order is not None and payment.order.refunded_amount < refunded:
            # Not by us: what staff pay back in parts is on the order before the provider hears of it.
            Order.objects.filter(pk=payment.order.pk).update(refunded_amount=Greatest("refunded_amount", refunded))
            record(payment.order, None, f"{refunded.normalize():f} {payment.currency} were paid back")
        return "applied"
    _undo(payment, "Paid back by the provider")
    return "applied"


def payment_disputed(payment: Payment) -> str:
    """The bank took the money back for now: so do we with the credits."""
    if payment.status != Payment.Status.SUCCEEDED:
        return "ignored"
    _move(payment, Payment.Status.DISPUTED)
    if payment.order is not None and payment.order.paid_at is not None:
        order = lock_order(payment.order)
        missing = take_back_credits(order, occasion=f"dispute:{payment.pk}")
        record(order, None, f"Disputed; {missing} credits were spent" if missing else "Disputed")
    return "applied"


def dispute_closed(payment: Payment, *, won: bool) -> str:
    """The bank decided: the credits come back, or the order is over."""
    if payment.status not in (Payment.Status.SUCCEEDED, Payment.Status.DISPUTED):
        return "ignored"
    if not won:
        _undo(payment, "Dispute lost")
        return "applied"
    if payment.status == Payment.Status.SUCCEEDED:
        return "ignored"
    _move(payment, Payment.Status.SUCCEEDED)
    if payment.order is not None and payment.order.paid_at is not None:
        order = lock_order(payment.order)
        _restore_credits(order, payment)
        record(order, None, "Dispute won")
    return "applied"


def _begin(
    user: User, amount: Decimal, currency: str, subject: str, description: str, link: dict[str, object]
) -> tuple[Payment, str]:
    payment = Payment.objects.filter(**link).exclude(status=Payment.Status.CANCELLED).first()
    if payment is not None:
        return payment, find_intent(payment.intent_id)["client_secret"]
    # Numbered, because an intent that was cancelled can't be used again.
    subject = f"{subject}-{Payment.objects.filter(**link).count() + 1}"
    intent = create_intent(amount=amount, currency=currency, subject=subject, user=user, description=description)
    try:
        with transaction.atomic():
            payment = Payment.objects.create(
                intent_id=intent["id"], user=user, amount=amount, currency=currency, **link
            )
    except IntegrityError:
        # Two requests at once got the same intent; the other one was faster.
        payment = Payment.objects.get(intent_id=intent["id"])
    return payment, intent["client_secret"]


def _move(payment: Payment, status: str) -> None:
    payment.status = status
    payment.save(update_fields=["status", "updated_at"])


def _undo(payment: Payment, note: str) -> None:
    """The money is gone for good."""
    had_money = payment.status in (Payment.Status.SUCCEEDED, Payment.Status.DISPUTED)
    payment.status = Payment.Status.REFUNDED
    payment.save(update_fields=["status", "refunded_amount", "updated_at"])
    if payment.order is not None:
        refund_by_provider(lock_order(payment.order), note)
    elif had_money:
        _take_back_top_up(payment)


def _execute(payment: Payment) -> str:
    operation = payment.operation
    if operation is None or not operation.is_open:
        return "operation_closed"
    ledger.execute(operation)
    return "applied"


def _take_back_top_up(payment: Payment) -> None:
    operation = payment.operation
    if operation is None:
        return
    wallet = Wallet._base_manager.select_for_update().get(pk=operation.wallet_id)
    amount = min(operation.amount, wallet.available)
    if operation.status == FinanceOperation.Status.EXECUTED and amount > 0:
        ledger.write_off(
            wallet=wallet,
            amount=amount,
            description="The payment was taken back",
            reference_type="payment",
            reference_id=payment.pk,
            idempotency_key=f"payment:{payment.pk}:undo",
        )


def _restore_credits(order: Order, payment: Payment) -> None:
    taken = FinanceOperation._base_manager.filter(idempotency_key=f"order:{order.pk}:dispute:{payment.pk}").first()
    if taken is not None:
        ledger.enroll(
            wallet=Wallet._base_manager.get(pk=taken.wallet_id),
            amount=taken.amount,
            description=f"Order {order.number}: dispute won",
            reference_type=taken.reference_type,
            reference_id=taken.reference_id,
            idempotency_key=f"order:{order.pk}:dispute-won:{payment.pk}",
        )
