"""Two things at once, made certain: contenders run in threads of their own, let go only when all of them wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections, transaction

from tenants.scope import all_tenants
from tests.patience import FOREVER_SECONDS
from tests.waiting import until


def race(contenders: Sequence[Callable[[], Any]]) -> list[Any]:
    """Start all at once; answers what each returned, or the exception it raised."""
    gate = threading.Barrier(len(contenders), timeout=FOREVER_SECONDS)

    def run(contender: Callable[[], Any]) -> Any:
        try:
            with _aborting(gate):
                connection.ensure_connection()
            gate.wait()
            with all_tenants():
                return contender()
        except Exception as error:  # noqa: BLE001 - what a contender raised is its answer
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(contenders)) as threads:
        return list(threads.map(run, contenders))


def race_behind(lock: str, params: Sequence[Any], contenders: Sequence[Callable[[], Any]]) -> list[Any]:
    """The same, with rows locked (``lock`` is a SELECT ... FOR UPDATE) until every contender waits for some lock.

    So each has done all it does before its first wait, which is how far a race can interleave.
    """
    results: list[Any] = []
    with all_tenants(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(lock, params)
        runner = threading.Thread(target=lambda: results.extend(race(contenders)))
        runner.start()
        _wait_for_waiters(len(contenders))
    runner.join()
    return results


@contextmanager
def without(drop: str, restore: str) -> Iterator[None]:
    """The block with a guard of the database taken away: for controls, which show that the race is real."""
    with all_tenants():
        with connection.cursor() as cursor:
            cursor.execute(drop)
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute(restore)


@contextmanager
def _aborting(gate: threading.Barrier) -> Iterator[None]:
    """Who never comes to the gate must not be waited for."""
    try:
        yield
    except BaseException:
        gate.abort()
        raise


def _wait_for_waiters(count: int) -> None:
    def waiters() -> bool:
        with connection.cursor() as cursor:
            # Within a transaction the statistics stand still unless told otherwise.
            cursor.execute(
                "SELECT pg_stat_clear_snapshot(), (SELECT COUNT(*) FROM pg_locks WHERE NOT granted "
                "AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database()))"
            )
            return cursor.fetchone()[1] >= count

    until(waiters, f"{count} contenders that wait")
