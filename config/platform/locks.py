"""Waiting for one another: how long for a row, and how for what takes longer than a transaction may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

_BOUND = "SELECT set_config('lock_timeout', %s, false), set_config('idle_in_transaction_session_timeout', %s, false)"


def bound_waiting(session: psycopg.Connection[Any], *, bounded: bool = True) -> None:
    """For whatever this connection will wait for, rows that a plain UPDATE meets included: whoever waits longer than
    LOCK_TIMEOUT_SECONDS gets ``LockNotAvailable``, which a request answers with a 409 and Retry-After
    (``config.api.handlers``), and a worker or task with another try. Every connection is opened with it
    (``tenants.postgresql``). And nobody keeps others waiting for ever: the server ends a transaction that nothing was
    asked in for IDLE_TRANSACTION_SECONDS, as of a process that is stopped or a machine that is gone.
    """
    bounds = (settings.LOCK_TIMEOUT_SECONDS, settings.IDLE_TRANSACTION_SECONDS) if bounded else (0, 0)
    with session.cursor() as cursor:
        cursor.execute(_BOUND, [f"{seconds}s" for seconds in bounds])


def waited_too_long(error: BaseException) -> bool:
    """Whether somebody else held what was needed for longer than anybody waits."""
    return isinstance(error.__cause__, psycopg.errors.LockNotAvailable)


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
        if wait:
            bound_waiting(connection.connection, bounded=False)
        try:
            cursor.execute(_WAIT if wait else _TRY, [name])
            mine = bool(cursor.fetchone()[0])
        finally:
            if wait:
                bound_waiting(connection.connection)
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute(_LEAVE, [name])
