"""What ``bench.ledger`` measures: debits and captures, by the ledger and by a row lock, from many clients at once."""

from __future__ import annotations

import itertools
import multiprocessing
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from commerce.models import CreditHold, FinanceOperation, Wallet, WalletType
from commerce.services.audit import audit
from commerce.services.holds import capture_hold
from commerce.services.ledger import enroll, write_off
from config.api.models import Heartbeat
from tenants.scope import all_tenants, tenant_scope
from tenants.services import create_tenant

START = 1_000_000_000
WALLETS = 100
HOLDS = 30_000
"""Prepared for one measurement of captures; more than anybody captures in its time."""

Writes = Sequence[Callable[[], None]]


class Books:
    """A hundred wallets, and what is known to have been taken out of them."""

    writes = tuple(itertools.product(("debit", "capture"), ("ledger", "row lock")))

    def __init__(self) -> None:
        with all_tenants():
            wallet_type = WalletType.objects.create(name="Bench", wallet_symbol="B", currency="USD")
            tenant = create_tenant(name="bench")
            user = User.objects.create_user(email="bench@example.com", password=None, tenant=tenant, name="bench")
            fields = {"tenant": tenant, "user": user, "wallet_type": wallet_type, "kind": "custom", "currency": "USD"}
            self._wallets = [Wallet.objects.create(**fields) for _ in range(WALLETS)]
            for wallet in self._wallets:
                enroll(wallet=wallet, amount=START, idempotency_key=f"start:{wallet.pk}")
        self.tenant = tenant.pk
        self._spent = 0

    def wait_for_disk(self, durable: bool) -> None:
        """Of sessions that begin from now on."""
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER ROLE CURRENT_USER SET synchronous_commit = {'on' if durable else 'off'}")
        connection.close()

    def prepare(self, write: str, way: str, count: int) -> Writes:
        """The writes of so many wallets, in turns."""
        wallets = self._wallets[:count]
        if write == "debit":
            return [partial(_debit if way == "ledger" else _debit_under_lock, wallet) for wallet in wallets]
        holds = self._hold(wallets)
        return [partial(_capture if way == "ledger" else _capture_under_lock, hold) for hold in holds]

    def count(self, done: Sequence[int]) -> None:
        self._spent += sum(done)
        with all_tenants():
            # What was held for nothing.
            left = CreditHold.objects.filter(status=CreditHold.Status.HELD)
            left.update(status=CreditHold.Status.RELEASED, settled_at=timezone.now())
            Wallet.objects.update(held=0)

    def balances_are_exact(self) -> bool:
        with all_tenants():
            balance = sum(int(balance) for balance in Wallet.objects.values_list("balance", flat=True))
            return balance == START * WALLETS - self._spent and not audit()

    def _hold(self, wallets: Sequence[Wallet]) -> list[CreditHold]:
        with all_tenants(), transaction.atomic():
            now = timezone.now()
            holds = CreditHold.objects.bulk_create(
                CreditHold(
                    tenant_id=wallet.tenant_id,
                    wallet=wallet,
                    user_id=wallet.user_id,
                    amount=1,
                    reference_type="bench",
                    reference_id=1,
                    idempotency_key=uuid.uuid4().hex,
                    created_at=now,
                )
                for wallet in itertools.islice(itertools.cycle(wallets), HOLDS)
            )
            Wallet.objects.filter(pk__in=[wallet.pk for wallet in wallets]).update(held=HOLDS // len(wallets))
        return holds


def _debit(wallet: Wallet) -> None:
    write_off(wallet=wallet, amount=1, idempotency_key=uuid.uuid4().hex)


def _debit_under_lock(wallet: Wallet) -> None:
    """The same as one writes it with the ORM."""
    with transaction.atomic():
        locked = Wallet.objects.select_for_update().get(pk=wallet.pk)
        if locked.available < 1:
            raise ValueError("insufficient funds")
        locked.balance -= 1
        locked.save(update_fields=["balance", "updated_at"])
        _entry(locked, uuid.uuid4().hex)


def _capture(hold: CreditHold) -> None:
    """As a render that is done is paid: in the transaction that moves its row, for which another one stands here."""
    with transaction.atomic():
        _move_row()
        capture_hold(hold)


def _capture_under_lock(hold: CreditHold) -> None:
    with transaction.atomic():
        _move_row()
        locked = Wallet.objects.select_for_update().get(pk=hold.wallet_id)
        hold.status, hold.settled_at = CreditHold.Status.CAPTURED, timezone.now()
        hold.save(update_fields=["status", "settled_at"])
        locked.balance -= hold.amount
        locked.held -= hold.amount
        locked.save(update_fields=["balance", "held", "updated_at"])
        _entry(locked, f"hold:{hold.pk}")


def _move_row() -> None:
    Heartbeat.objects.create(name=uuid.uuid4().hex, due_at=timezone.now())


def _entry(wallet: Wallet, key: str) -> None:
    now = timezone.now()
    FinanceOperation.objects.create(
        tenant_id=wallet.tenant_id,
        wallet=wallet,
        user_id=wallet.user_id,
        type=FinanceOperation.Type.WRITE_OFF,
        status=FinanceOperation.Status.EXECUTED,
        amount=1,
        balance_after=wallet.balance,
        idempotency_key=key,
        created_at=now,
        executed_at=now,
    )


def hammer(writes: Writes, tenant: int, seconds: float, processes: int, threads: int) -> list[int]:
    """How many writes each of so many clients finishes in the time."""
    context = multiprocessing.get_context("fork")
    clients = processes * threads
    results: Any = context.Queue()
    gate = context.Barrier(clients, timeout=60)
    # The threads of a pool would stay behind.
    connection.close()
    connection.close_pool()

    def process(first: int) -> None:
        counts = [0] * threads

        def client(number: int) -> None:
            mine: Iterator[Callable[[], None]] = itertools.islice(
                itertools.cycle(writes), first + number, None, clients
            )
            with tenant_scope(tenant):
                connection.ensure_connection()
                gate.wait()
                ends = time.monotonic() + seconds
                for write in mine:
                    write()
                    counts[number] += 1
                    if time.monotonic() > ends:
                        break

        crowd = [threading.Thread(target=client, args=(number,)) for number in range(threads)]
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()
        results.put(counts)
        results.close()
        results.join_thread()

    crowd = [context.Process(target=process, args=(number * threads,)) for number in range(processes)]
    for one in crowd:
        one.start()
    done = [count for _ in crowd for count in results.get()]
    for one in crowd:
        one.join()
    return done
