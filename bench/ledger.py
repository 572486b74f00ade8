"""Debits and captures per second of the ledger, durable and not, beside the row lock everybody writes first.

    python -m bench.ledger [--seconds 3] [--processes 2] [--threads 16] [--rounds 3]

An embedded PostgreSQL of its own that waits for the disk as in service (``fsync``, ``synchronous_commit`` on), and the
same one with ``synchronous_commit`` off. The two ways alternate; the median of the rounds counts. At the end every
balance has to be what the counted writes left of it, and the audit is clean.
"""

from __future__ import annotations

import argparse
import os
import statistics
from itertools import product

from config.stack.testing import TestStack

TARGET = 5.0
"""One hot wallet, durable: how many times the plain row lock."""


def main() -> None:
    """Print a line per variant, the ratios, and whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one measurement")
    parser.add_argument("--processes", type=int, default=2, help="of clients")
    parser.add_argument("--threads", type=int, default=16, help="clients of each process")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each variant")
    options = parser.parse_args()

    stack = TestStack(durable=True)
    stack.start()
    try:
        _bench(options.seconds, options.processes, options.threads, options.rounds)
    finally:
        stack.stop()
        stack.remove()


def _bench(seconds: float, processes: int, threads: int, rounds: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # Every client has a connection: what is measured is the ledger, not the pool.
    os.environ["DATABASE_POOL_SIZE"] = str(threads + 1)
    import django

    django.setup()
    from django.core.management import call_command

    from bench.ledger_writes import WALLETS, Books, hammer

    call_command("migrate", verbosity=0)
    books = Books()
    rates: dict[tuple[str, str, bool, int], list[float]] = {}
    for _ in range(rounds):
        for durable, count, (write, way) in product((True, False), (1, WALLETS), books.writes):
            books.wait_for_disk(durable)
            done = hammer(books.prepare(write, way, count), books.tenant, seconds, processes, threads)
            books.count(done)
            rates.setdefault((write, way, durable, count), []).append(sum(done) / seconds)

    medians = {variant: statistics.median(measured) for variant, measured in rates.items()}
    print(f"{processes * threads} clients")
    for (write, way, durable, count), rate in medians.items():
        if way == "ledger":
            plain = medians[write, "row lock", durable, count]
            kind = "durable" if durable else "not durable"
            print(f"{write:8} {kind:12} {count:4} wallets  {rate:7.0f}/s, row lock {plain:7.0f}/s, {rate / plain:5.1f}")
    exact = books.balances_are_exact()
    print(f"balances exact and audit clean: {exact}")
    for write in ("debit", "capture"):
        ratio = medians[write, "ledger", True, 1] / medians[write, "row lock", True, 1]
        print(f"target of {TARGET:g} row locks, {write}s of one hot wallet, durable: "
              f"{'met' if ratio >= TARGET else 'missed'} ({ratio:.1f})")  # fmt: skip
    if not exact:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
