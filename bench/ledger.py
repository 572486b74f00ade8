"""Debits per second of the ledger, on one hot wallet and on a hundred, beside the row lock everybody writes first.

    python -m bench.ledger [--seconds 3] [--threads 4] [--rounds 3]

Runs against an embedded PostgreSQL of its own, with its durable settings off in the same way for both, alternates the
two, and takes the median of the rounds. At the end every balance has to be what the counted debits left of it.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Sequence

from config.stack.testing import TestStack

START = 1_000_000_000
WALLETS = 100
TARGET = 1_500


def main() -> None:
    """Print one line per variant, and whether the target of one hot wallet is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one measurement")
    parser.add_argument("--threads", type=int, default=4, help="clients at once")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each variant")
    options = parser.parse_args()

    stack = TestStack()
    stack.start()
    try:
        _bench(options.seconds, options.threads, options.rounds)
    finally:
        stack.stop()
        stack.remove()


def _bench(seconds: float, threads: int, rounds: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from commerce.models import Wallet
    from commerce.services.audit import audit
    from commerce.services.ledger import enroll, write_off
    from tenants.scope import all_tenants

    call_command("migrate", verbosity=0)

    def one_statement(wallet: Wallet) -> None:
        write_off(wallet=wallet, amount=1, idempotency_key=uuid.uuid4().hex)

    with all_tenants():
        wallets = _wallets()
        for wallet in wallets:
            enroll(wallet=wallet, amount=START, idempotency_key=f"start:{wallet.pk}")
    variants = {"one statement": one_statement, "select_for_update": _row_lock}
    rates: dict[tuple[str, int], list[float]] = {}
    spent = 0
    for _ in range(rounds):
        for count in (1, WALLETS):
            for name, debit in variants.items():
                done = _hammer(debit, wallets[:count], seconds, threads)
                spent += done
                rates.setdefault((name, count), []).append(done / seconds)

    with all_tenants():
        left = sum(int(balance) for balance in Wallet.objects.values_list("balance", flat=True))
        contradictions = audit()
    for (name, count), measured in rates.items():
        print(f"{name:18} {count:4} wallets  {statistics.median(measured):8.0f} debits/s")
    for count in (1, WALLETS):
        ratio = statistics.median(rates["one statement", count]) / statistics.median(rates["select_for_update", count])
        print(f"ratio              {count:4} wallets  {ratio:8.1f}")
    print(f"balances exact: {left == START * WALLETS - spent}; audit clean: {not contradictions}")
    hot = statistics.median(rates["one statement", 1])
    print(f"target of {TARGET} debits/s on one hot wallet: {'met' if hot >= TARGET else 'missed'}")
    if left != START * WALLETS - spent or contradictions:
        raise SystemExit(1)


def _wallets() -> list:  # type: ignore[type-arg]
    from accounts.models import User
    from commerce.models import Wallet, WalletType
    from tenants.services import create_tenant

    wallet_type = WalletType.objects.create(name="Bench", wallet_symbol="B", currency="USD")
    tenant = create_tenant(name="bench")
    user = User.objects.create_user(email="bench@example.com", password=None, tenant=tenant, name="bench")
    return [
        Wallet.objects.create(tenant=tenant, user=user, wallet_type=wallet_type, kind="custom", currency="USD")
        for _ in range(WALLETS)
    ]


def _row_lock(wallet) -> None:  # type: ignore[no-untyped-def]
    """The same debit as one writes it with the ORM."""
    from django.db import transaction
    from django.utils import timezone

    from commerce.models import FinanceOperation, Wallet

    with transaction.atomic():
        locked = Wallet.objects.select_for_update().get(pk=wallet.pk)
        if locked.available < 1:
            raise ValueError("insufficient funds")
        locked.balance -= 1
        locked.save(update_fields=["balance", "updated_at"])
        now = timezone.now()
        FinanceOperation.objects.create(
            tenant_id=locked.tenant_id,
            wallet=locked,
            user_id=locked.user_id,
            type=FinanceOperation.Type.WRITE_OFF,
            status=FinanceOperation.Status.EXECUTED,
            amount=1,
            balance_after=locked.balance,
            idempotency_key=uuid.uuid4().hex,
            created_at=now,
            executed_at=now,
        )


def _hammer(debit: Callable, wallets: Sequence, seconds: float, threads: int) -> int:  # type: ignore[type-arg]
    """How many debits so many clients finish in the time, going round the wallets."""
    from django.db import connections

    from tenants.scope import all_tenants

    counts = [0] * threads
    gate = threading.Barrier(threads + 1)
    stop = threading.Event()

    def client(number: int) -> None:
        with all_tenants():
            turns = itertools.cycle(wallets[number % len(wallets) :] + wallets[: number % len(wallets)])
            debit(next(turns))
            counts[number] += 1
            gate.wait()
            while not stop.is_set():
                debit(next(turns))
                counts[number] += 1
        connections.close_all()

    clients = [threading.Thread(target=client, args=(number,)) for number in range(threads)]
    for thread in clients:
        thread.start()
    gate.wait()
    time.sleep(seconds)
    stop.set()
    for thread in clients:
        thread.join()
    return sum(counts)


if __name__ == "__main__":
    main()
