"""How long a transaction waits for a row that another one holds."""

from __future__ import annotations

from django.conf import settings
from django.db import connection


def bound_waiting() -> None:
    """For the rest of the transaction; call it before the first ``select_for_update``. Whoever waits longer than
    LOCK_TIMEOUT_SECONDS gets a 409 with Retry-After.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{settings.LOCK_TIMEOUT_SECONDS}s"])
