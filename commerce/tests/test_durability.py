"""Money lets go of its locks at once and is on disk before anybody is told; what may be lost does not wait at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, connections, transaction

from accounts.models import User
from commerce.models import CreditHold, FinanceOperation, Wallet
from commerce.services.audit import audit
from commerce.services.holds import capture_hold, hold_credits, release_hold
from commerce.services.ledger import enroll, execute, write_off
from commerce.services.wallets import open_credit_wallet
from commerce.tests.races import race
from config.platform.commits import asynchronous
from tenants.scope import all_tenants
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def durable() -> Iterator[None]:
    """The session commits as in service; the tests' database does not wait by itself."""
    with all_tenants():
        ask("SET synchronous_commit = on")
        yield
        ask("RESET synchronous_commit")


def ask(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return str(cursor.fetchone()[0]) if cursor.description else ""


def on_disk(written: str) -> bool:
    """Whether the log is on disk up to that place."""
    return ask(f"SELECT pg_current_wal_flush_lsn() >= '{written}'") == "True"


def waiting() -> str:
    return ask("SHOW synchronous_commit")


@pytest.fixture
def wallet(user: User) -> Wallet:
    return open_credit_wallet(user=user)


def hold(user: User, key: str) -> CreditHold:
    return hold_credits(
        user=user, amount=1, reference_type="test", reference_id=1, description="Test", idempotency_key=key
    )


Move = Callable[[], object]


@pytest.fixture(params=["enroll", "write_off", "execute", "hold", "capture", "release"])
def move(request: pytest.FixtureRequest, user: User, wallet: Wallet) -> Move:
    """Each of the ways in which money moves, prepared."""
    asked = FinanceOperation.objects.create(
        tenant=wallet.tenant,
        wallet=wallet,
        user=user,
        type=2,
        amount=1,
        idempotency_key="asked",
        created_at=user.created_at,
    )
    captured, released = hold(user, "a"), hold(user, "b")
    moves: dict[str, Move] = {
        "enroll": lambda: enroll(wallet=wallet, amount=1, idempotency_key="in"),
        "write_off": lambda: write_off(wallet=wallet, amount=1, idempotency_key="out"),
        "execute": lambda: execute(asked),
        "hold": lambda: hold(user, "c"),
        "capture": lambda: capture_hold(captured),
        "release": lambda: release_hold(released),
    }
    return moves[request.param]


def test_money_is_on_disk_before_hooks_run_and_the_block_ends(move: Move) -> None:
    told: list[bool] = []
    written = ""
    with transaction.atomic():
        transaction.on_commit(lambda: told.append(on_disk(written)))
        move()
        assert waiting() == "off", "nobody waits for the disk while others wait for the wallet"
        written = ask("SELECT pg_current_wal_insert_lsn()")
    assert told == [True]
    assert waiting() == "on"
    assert audit() == []


def test_money_that_moves_by_itself_is_on_disk_when_it_has_moved(move: Move) -> None:
    written = ask("SELECT pg_current_wal_insert_lsn()")
    move()
    assert ask(f"SELECT pg_current_wal_flush_lsn() > '{written}'") == "True"
    assert waiting() == "on"


def test_what_is_rolled_back_waits_for_nothing_and_the_next_transaction_is_its_own(wallet: Wallet) -> None:
    def take_back() -> None:
        with transaction.atomic():
            write_off(wallet=wallet, amount=1, idempotency_key="out")
            transaction.set_rollback(True)

    take_back()
    assert waiting() == "on"
    with transaction.atomic():
        take_back()
        assert waiting() == "on"
    wallet.refresh_from_db()
    assert wallet.balance == 50


def test_many_at_once_move_what_they_say(wallet: Wallet) -> None:
    """Some of them one key twice, and more than there is."""
    keys = [f"out:{number // 2}" for number in range(12)]
    results = race([lambda key=key: write_off(wallet=wallet, amount=9, idempotency_key=key) for key in keys])
    moved = {entry.pk for entry in results if isinstance(entry, FinanceOperation)}
    refused = [error.code for error in results if isinstance(error, Exception)]
    assert len(moved) == 5
    assert set(refused) == {"insufficient_funds"}
    wallet.refresh_from_db()
    assert wallet.balance == 5
    assert audit() == []


def test_what_another_wrote_is_on_disk_when_it_is_answered(user: User, wallet: Wallet) -> None:
    """Of two with one key the slower answers the entry of the faster, which has let go before the disk had it."""
    begun = threading.Event()
    written: list[str] = []

    def be_faster() -> None:
        with all_tenants(), asynchronous():
            FinanceOperation.objects.create(
                tenant=wallet.tenant,
                wallet=wallet,
                user=user,
                type=2,
                amount=1,
                idempotency_key="out",
                created_at=user.created_at,
            )
            begun.set()
            until(lambda: ask("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)") == "True", "slower one")
            written.append(ask("SELECT pg_current_wal_insert_lsn()"))
        connections.close_all()

    faster = threading.Thread(target=be_faster)
    faster.start()
    begun.wait()
    entry = write_off(wallet=wallet, amount=1, idempotency_key="out")
    assert ask(f"SELECT pg_current_wal_flush_lsn() > '{written[0]}'") == "True"
    faster.join()
    assert entry == FinanceOperation.objects.get(idempotency_key="out")


def test_what_may_be_lost_does_not_wait_unless_within_what_may_not(wallet: Wallet) -> None:
    with asynchronous():
        assert waiting() == "off"
    assert waiting() == "on"
    with transaction.atomic(), asynchronous():
        assert waiting() == "on"
