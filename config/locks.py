"""How long a transaction waits for a row that another one holds."""

from __future__ import annotations

from django.db import connection

LOCK_TIMEOUT = "5s"
"""Whoever waits longer gets a 409 with Retry-After."""


def bound_waiting() -> None:
    """For the rest of the transaction; call it before the first ``select_for_update``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
