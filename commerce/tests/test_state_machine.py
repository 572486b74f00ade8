"""Random sequences of everything that moves credits, with crashes in between, beside a model that counts on fingers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck
from hypothesis import settings as bounds
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import User
from commerce.models import CreditHold, FinanceOperation, Order, Product, Wallet
from commerce.services.audit import audit
from commerce.services.finance import cancel_operation, change_status, request_operation
from commerce.services.holds import capture_hold, hold_credits, release_hold
from commerce.services.ledger import enroll, write_off
from commerce.services.orders import confirm_order, place_order
from commerce.services.settlement import refund_order
from commerce.services.wallets import open_credit_wallet, personal_balance
from config.api.errors import DomainError
from effects.models import Category
from tenants.scope import all_tenants
from tenants.services import create_tenant

SIGNUP = 50
PRICE = Decimal(7)
amounts = st.integers(1, 40)


class Crash(Exception):
    """The process dies here, as far as the database can tell."""


class Ledger(RuleBasedStateMachine):
    """``credits``, ``held`` and ``money`` are the model; the database has to agree after every step."""

    @initialize()
    def open(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.scope = all_tenants()
        self.scope.__enter__()
        self.keys = itertools.count()
        tenant = create_tenant(name="machine")
        self.user = User(email="machine@example.com", name="machine", tenant=tenant)
        self.staff = User(email="staff@example.com", name="staff", tenant=tenant, role=User.Role.ADMINISTRATOR)
        self.user.save()
        self.staff.save()
        self.wallet, self.purse = open_credit_wallet(user=self.user), personal_balance(user=self.user)
        category = Category.objects.create(name="Packages", slug="machine", kind=Category.Kind.PRODUCT)
        self.package = Product.objects.create(category=category, name="Ten", price=PRICE, credits=10)
        self.credits, self.held, self.money = SIGNUP, 0, Decimal(0)
        self.holds: list[CreditHold] = []
        self.operations: list[FinanceOperation] = []
        self.orders: list[Order] = []

    def teardown(self) -> None:
        if hasattr(self, "scope"):
            transaction.set_rollback(True)
            self.scope.__exit__(None, None, None)
            self.atomic.__exit__(None, None, None)

    def attempt(self, verb: Callable[[], Any], *, allowed: bool, crash: bool) -> bool:
        """Do it, perhaps crash before the commit, then do it (again); answers whether it happened."""
        if crash:
            self._crash_after(verb)
        try:
            with transaction.atomic():
                verb()
        except DomainError:
            assert not allowed
            return False
        assert allowed
        return True

    def _crash_after(self, verb: Callable[[], Any]) -> None:
        try:
            with transaction.atomic():
                verb()
                raise Crash
        except (Crash, DomainError):
            pass

    @rule(amount=amounts, crash=st.booleans())
    def enroll(self, amount: int, crash: bool) -> None:
        key = f"e{next(self.keys)}"
        self.attempt(lambda: enroll(wallet=self.wallet, amount=amount, idempotency_key=key), allowed=True, crash=crash)
        enroll(wallet=self.wallet, amount=amount, idempotency_key=key)
        self.credits += amount

    @rule(amount=amounts, crash=st.booleans())
    def write_off(self, amount: int, crash: bool) -> None:
        key = f"w{next(self.keys)}"
        allowed = amount <= self.credits - self.held
        if self.attempt(
            lambda: write_off(wallet=self.wallet, amount=amount, idempotency_key=key), allowed=allowed, crash=crash
        ):
            self.credits -= amount

    @rule(amount=amounts, crash=st.booleans())
    def hold(self, amount: int, crash: bool) -> None:
        key = f"h{next(self.keys)}"

        def verb() -> CreditHold:
            return hold_credits(
                user=self.user,
                amount=amount,
                reference_type="test",
                reference_id=1,
                description="",
                idempotency_key=key,
            )

        if self.attempt(verb, allowed=amount <= self.credits - self.held, crash=crash):
            self.holds.append(verb())
            self.held += amount

    @rule(pick=st.integers(0, 99), capture=st.booleans(), crash=st.booleans(), twice=st.booleans())
    def settle(self, pick: int, capture: bool, crash: bool, twice: bool) -> None:
        if not self.holds:
            return
        hold = self.holds[pick % len(self.holds)]
        status = CreditHold.Status.CAPTURED if capture else CreditHold.Status.RELEASED
        hold.refresh_from_db()
        was_held = hold.status == CreditHold.Status.HELD
        verb = capture_hold if capture else release_hold
        for _ in range(1 + twice):
            self.attempt(lambda: verb(hold), allowed=was_held or hold.status == status, crash=crash)
        if was_held:
            self.held -= hold.amount
            self.credits -= hold.amount if capture else 0

    @rule(amount=amounts, enrolls=st.booleans())
    def ask(self, amount: int, enrolls: bool) -> None:
        type = FinanceOperation.Type.ENROLLMENT if enrolls else FinanceOperation.Type.WRITE_OFF
        purse = Wallet.objects.get(pk=self.purse.pk)

        def verb() -> None:
            self.operations.append(
                request_operation(
                    user=self.user, wallet=purse, type=type, amount=Decimal(amount), info="", key=f"o{next(self.keys)}"
                )
            )

        self.attempt(verb, allowed=enrolls or amount <= self.money, crash=False)

    @rule(pick=st.integers(0, 99), cancel=st.booleans(), crash=st.booleans())
    def decide(self, pick: int, cancel: bool, crash: bool) -> None:
        if not self.operations:
            return
        operation = self.operations[pick % len(self.operations)]
        operation.refresh_from_db()
        change = operation.amount if operation.type == FinanceOperation.Type.ENROLLMENT else -operation.amount
        if cancel:
            self.attempt(lambda: cancel_operation(operation=operation, info=""), allowed=operation.is_open, crash=crash)
            return
        done = self.attempt(
            lambda: change_status(user=self.staff, operation=operation, status=FinanceOperation.Status.EXECUTED),
            allowed=operation.is_open and self.money + change >= 0,
            crash=crash,
        )
        self.money += change if done else 0

    @rule(quantity=st.integers(1, 3))
    def order(self, quantity: int) -> None:
        items = [{"product_id": self.package.pk, "quantity": quantity}]
        self.orders.append(place_order(user=self.user, items=items, payment_method="balance"))

    @rule(pick=st.integers(0, 99), crash=st.booleans())
    def confirm(self, pick: int, crash: bool) -> None:
        if not self.orders:
            return
        order = self.orders[pick % len(self.orders)]
        order.refresh_from_db()
        unpaid = order.status == Order.Status.UNPAID
        done = self.attempt(
            lambda: confirm_order(user=self.user, order=order),
            allowed=(unpaid and order.total_cost <= self.money) or order.status == Order.Status.FINISHED,
            crash=crash,
        )
        if done and unpaid:
            self.money -= order.total_cost
            self.credits += order.credits

    @rule(pick=st.integers(0, 99), crash=st.booleans())
    def refund(self, pick: int, crash: bool) -> None:
        if not self.orders:
            return
        order = self.orders[pick % len(self.orders)]
        order.refresh_from_db()
        allowed = order.status == Order.Status.FINISHED and order.credits <= self.credits - self.held
        if self.attempt(lambda: refund_order(order, by=self.staff), allowed=allowed, crash=crash):
            self.money += order.total_cost
            self.credits -= order.credits

    @invariant()
    def the_database_agrees(self) -> None:
        if not hasattr(self, "wallet"):
            return
        self.wallet.refresh_from_db()
        self.purse.refresh_from_db()
        assert (self.wallet.balance, self.wallet.held, self.purse.balance) == (self.credits, self.held, self.money)
        assert audit() == []


@pytest.mark.django_db
def test_no_sequence_of_operations_bends_the_ledger(settings: Any) -> None:
    settings.SIGNUP_CREDITS = SIGNUP
    connection.ensure_connection()
    run_state_machine_as_test(Ledger, settings=SETTINGS)


SETTINGS = bounds(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
