"""Waiting for one another: how long for a row, and how for what takes longer than a transaction may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection


def bound_waiting() -> None:
    """For the rest of the transaction; call it before the first ``select_for_update``. Whoever waits longer than
    LOCK_TIMEOUT_SECONDS gets a 409 with Retry-After.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{settings.LOCK_TIMEOUT_SECONDS}s"])


_TRY = "SELECT pg_try_advisory_lock(hashtextextended(%s, 1))"
_WAIT = "SELECT pg_advisory_lock(hashtextextended(%s, 1)) IS NOT NULL"
_LEAVE = "SELECT pg_advisory_unlock(hashtextextended(%s, 1))"


@contextmanager
def session_lock(name: str, *, wait: bool = False) -> Iterator[bool]:
    """A lock of this name for the block, without a transaction; it goes with the connection if this process dies.

    Answers whether it is ours; with ``wait`` the block begins when it is. Whoever loses the connection in the block has
    lost the lock as well, so what counts is written conditionally at the end.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WAIT if wait else _TRY, [name])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute(_LEAVE, [name])
