"""Chats, messages and tickets, measured: ``python -m bench.communication [--rows 1000000]``.

Every list is asked for its first page and for one deep inside, of 100 rows and then of ``--rows``. A figure is the
processor time per request of a process that calls the views, its PostgreSQL and its Redis together, which depends less
on what else the machine does than the clock. Exits with 1 when a list takes more than ``MOST`` times as much.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from typing import Any

import psutil

from config.stack.testing import TestStack

FEW = 100
PER_PAGE = 50
PAGES = 100
"""How deep the deep page is, by cursors."""
ROUNDS, REQUESTS = 6, 50
MOST = 2.0
"""A long list pays for counting its first 1,000 rows, and shared machines differ by a third from minute to minute."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "THROTTLE": "off"}
    os.environ["SECRET_KEY"] = secrets.token_urlsafe()
    stack = TestStack()
    stack.start()
    try:
        return _compare(arguments.rows)
    finally:
        stack.stop()
        stack.remove()


def _compare(rows: int) -> int:
    import django

    django.setup()
    from django.core.management import call_command

    from bench.communication_rows import Talk

    call_command("migrate", verbosity=0)
    talk = Talk.begin()
    talk.fill(1, FEW)
    few = _measure(talk)
    began = time.monotonic()
    talk.fill(FEW + 1, rows)
    print(f"{rows:,} rows each, written in {time.monotonic() - began:.0f} s\n", flush=True)
    many = _measure(talk)
    print(f"{'list':<36}{f'{FEW} rows':>12}{f'{rows:,} rows':>18}{'ratio':>8}")
    for name, seconds in many.items():
        ratio = seconds / few[name]
        print(f"{name:<36}{1000 * few[name]:>9.2f} ms{1000 * seconds:>15.2f} ms{ratio:>8.2f}")
    missed = [name for name in many if many[name] > MOST * few[name]]
    print(f"\nmore than {MOST} times: {', '.join(missed)}" if missed else f"\nnone takes {MOST} times as much")
    return 1 if missed else 0


def _measure(talk: Any) -> dict[str, float]:
    """Processor seconds of the first and of a deep page of every list."""
    seconds = {}
    for name, ask in talk.lists().items():
        seconds[name] = _cost(ask, {"perPage": PER_PAGE})
        seconds[f"{name}, deep"] = _cost(ask, {"perPage": PER_PAGE, "cursor": _deep(ask)})
    return seconds


def _deep(ask: Any) -> str:
    """The cursor of the last full page of the first ``PAGES``; 100 rows have two."""
    cursor, page = "", ask({"perPage": PER_PAGE})
    for _ in range(PAGES - 1):
        following = ask({"perPage": PER_PAGE, "cursor": page["nextCursor"]})
        if len(following["items"]) < PER_PAGE:
            break
        cursor, page = page["nextCursor"], following
        if not page["nextCursor"]:
            break
    return cursor


def _cost(ask: Any, query: dict[str, Any]) -> float:
    """The least of several rounds: neighbours on a shared machine only ever add."""
    ask(query)
    rounds = []
    for _ in range(ROUNDS):
        began = _cpu_seconds()
        for _ in range(REQUESTS):
            ask(query)
        rounds.append((_cpu_seconds() - began) / REQUESTS)
    return min(rounds)


def _cpu_seconds() -> float:
    """Of this process and of PostgreSQL's and Redis's."""
    total = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


if __name__ == "__main__":
    sys.exit(main())
