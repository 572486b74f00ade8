"""Holds: set aside, captured or released, each once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from commerce.models import CreditHold, FinanceOperation, Wallet
from commerce.services.audit import audit
from commerce.services.holds import capture_hold, change_hold, hold_credits, release_hold
from commerce.services.ledger import enroll, write_off
from commerce.services.wallets import open_credit_wallet
from config.api.errors import DomainError
from tenants.scope import all_tenants

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def scope() -> object:
    with all_tenants():
        yield


@pytest.fixture
def wallet(user: User) -> Wallet:
    return open_credit_wallet(user=user)


def hold(user: User, amount: int = 10, key: str = "render:1") -> CreditHold:
    return hold_credits(
        user=user, amount=amount, reference_type="test", reference_id=1, description="Test", idempotency_key=key
    )


def figures(wallet: Wallet) -> tuple[int, int]:
    wallet.refresh_from_db()
    return int(wallet.balance), int(wallet.held)


def test_signup_credits_come_once(user: User) -> None:
    first, second = open_credit_wallet(user=user), open_credit_wallet(user=user)
    assert first == second
    assert (first.balance, first.currency) == (50, "credits")
    assert FinanceOperation.objects.filter(wallet=first).count() == 1


def test_a_captured_hold_is_paid_once(user: User, wallet: Wallet) -> None:
    held = hold(user)
    assert figures(wallet) == (50, 10)
    entry = capture_hold(held)
    assert capture_hold(CreditHold.objects.get(pk=held.pk)) == entry
    assert figures(wallet) == (40, 0)
    assert (entry.type, entry.status, entry.amount, entry.balance_after) == (2, 2, 10, 40)
    assert audit() == []


@pytest.mark.parametrize("amount", [1, 9, 10, 11, 50])
def test_a_hold_becomes_more_or_less(user: User, wallet: Wallet, amount: int) -> None:
    held = change_hold(hold(user), amount)
    assert (held.amount, figures(wallet)) == (amount, (50, amount))
    capture_hold(held)
    assert figures(wallet) == (50 - amount, 0)
    assert audit() == []


def test_a_hold_becomes_no_more_than_there_is(user: User, wallet: Wallet) -> None:
    held = hold(user)
    hold(user, amount=30, key="render:2")
    with pytest.raises(DomainError) as refusal:
        change_hold(held, 21)
    assert (refusal.value.code, refusal.value.status) == ("insufficient_credits", 422)
    assert refusal.value.data == {"required_tokens": 11, "balance": 10}
    assert (held.amount, figures(wallet)) == (10, (50, 40))
    with pytest.raises(ValueError, match="0 credits"):
        change_hold(held, 0)


@pytest.mark.parametrize("settle", [capture_hold, release_hold])
def test_what_is_settled_changes_no_more(user: User, wallet: Wallet, settle: Callable[[CreditHold], object]) -> None:
    held = hold(user)
    settle(held)
    before = figures(wallet)
    with pytest.raises(DomainError, match="already"):
        change_hold(held, 20)
    assert figures(wallet) == before


def test_a_released_hold_leaves_no_trace(user: User, wallet: Wallet) -> None:
    held = hold(user)
    release_hold(held)
    release_hold(held)
    assert figures(wallet) == (50, 0)
    assert FinanceOperation.objects.count() == 1
    assert audit() == []


def test_a_hold_ends_one_way(user: User, wallet: Wallet) -> None:
    captured, released = hold(user, key="a"), hold(user, key="b")
    capture_hold(captured)
    release_hold(released)
    for verb, settled in ((release_hold, captured), (capture_hold, released)):
        with pytest.raises(DomainError) as refusal:
            verb(settled)
        assert refusal.value.code == "hold_settled"
    assert figures(wallet) == (40, 0)


def test_the_whole_balance_can_be_held_and_not_a_credit_more(user: User, wallet: Wallet) -> None:
    hold(user, amount=50)
    assert figures(wallet) == (50, 50)
    with pytest.raises(DomainError) as refusal:
        hold(user, amount=1, key="render:2")
    assert refusal.value.data == {"required_tokens": 1, "balance": 0}


def test_the_whole_balance_can_be_written_off(user: User, wallet: Wallet) -> None:
    write_off(wallet=wallet, amount=50, idempotency_key="w")
    assert figures(wallet) == (0, 0)


def test_what_is_held_can_not_be_spent(user: User, wallet: Wallet) -> None:
    hold(user, amount=45)
    with pytest.raises(DomainError) as refusal:
        hold(user, amount=6, key="render:2")
    assert refusal.value.code == "insufficient_credits"
    assert refusal.value.data == {"required_tokens": 6, "balance": 5}
    with pytest.raises(DomainError) as refusal:
        write_off(wallet=wallet, amount=6, idempotency_key="w")
    assert refusal.value.code == "insufficient_funds"
    assert refusal.value.data == {"required": 6, "balance": 5, "currency": "credits"}
    assert "you have 5 to spend" in refusal.value.message
    assert figures(wallet) == (50, 45)


def test_a_key_holds_once_and_never_another_amount(user: User, wallet: Wallet) -> None:
    assert hold(user) == hold(user)
    assert figures(wallet) == (50, 10)
    with pytest.raises(DomainError) as refusal:
        hold(user, amount=11)
    assert refusal.value.code == "idempotency_conflict"


def test_a_hold_belongs_to_the_callers_transaction(user: User, wallet: Wallet) -> None:
    with transaction.atomic():
        hold(user)
        transaction.set_rollback(True)
    assert figures(wallet) == (50, 0)
    assert not CreditHold.objects.exists()


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_and_less_can_not_be_held_or_moved(user: User, wallet: Wallet, amount: int) -> None:
    with pytest.raises(ValueError, match="can't be"):
        hold(user, amount=amount)
    with pytest.raises(ValueError, match="can't be"):
        enroll(wallet=wallet, amount=amount, idempotency_key="e")
    assert figures(wallet) == (50, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE commerce_financeoperation SET amount = 1",
        "UPDATE commerce_financeoperation SET status = 4, balance_after = NULL, executed_at = NULL",
        "DELETE FROM commerce_financeoperation",
    ],
)
def test_the_database_refuses_to_change_what_was_executed(wallet: Wallet, statement: str) -> None:
    with pytest.raises(DatabaseError, match="is final"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert audit() == []


@pytest.mark.parametrize("change", ["balance = -1", "held = 51", "held = -1", "balance = 0.5"])
def test_the_database_keeps_a_wallet_sane(wallet: Wallet, change: str) -> None:
    with pytest.raises(DatabaseError, match="violates check"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE commerce_wallet SET {change} WHERE id = %s", [wallet.pk])
    assert figures(wallet) == (50, 0)


@pytest.mark.parametrize(
    ("crime", "words"),
    [
        ("UPDATE commerce_wallet SET balance = 60", "its entries sum to 50"),
        ("UPDATE commerce_wallet SET held = 5 WHERE kind = 'credits'", "its open holds sum to 10"),
        ("UPDATE commerce_credithold SET status = 'captured', settled_at = now()", "has no ledger entry"),
        ("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE commerce_financeoperation DISABLE TRIGGER USER;"
         "UPDATE commerce_financeoperation SET balance_after = 51", "do not follow"),
    ],
)  # fmt: skip
def test_the_audit_names_each_culprit(user: User, wallet: Wallet, crime: str, words: str) -> None:
    hold(user)
    assert audit() == []
    with connection.cursor() as cursor:
        cursor.execute(crime)
    assert any(words in culprit for culprit in audit())
