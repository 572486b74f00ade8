"""Pooled connections that work: checked before they are given out, and refused at once while the server is away."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

RECONNECT_SECONDS = 0.25
"""For which the pool goes on trying to connect; it tries again for whoever asks next."""
LOOK_SECONDS = 0.25
"""Between two looks of somebody who waits: was it given up meanwhile?"""


class CheckedPool(ConnectionPool[psycopg.Connection[Any]]):
    """psycopg's pool, for a server that may be restarted at any time.

    By itself that pool hands out connections that the server has closed, tries to connect ever less often during an
    outage, so that it comes back a minute after the server, and keeps everybody waiting until then.
    """

    def __init__(self, **options: Any) -> None:
        self._gave_up_at = -float("inf")
        super().__init__(
            open=False,
            check=self._check_or_renew,
            reconnect_timeout=RECONNECT_SECONDS,
            reconnect_failed=self._note_failure,
            **options,
        )

    def getconn(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        """Raises psycopg.OperationalError when the server can't be reached, PoolTimeout when all are in use."""
        began = time.monotonic()
        ends = began + (self.timeout if timeout is None else timeout)
        while True:
            try:
                return super().getconn(min(LOOK_SECONDS, ends - time.monotonic()))
            except PoolTimeout:
                if self._gave_up_at > began:
                    raise psycopg.OperationalError("The database can't be reached.") from None
                if time.monotonic() >= ends:
                    raise

    def _check_or_renew(self, connection: psycopg.Connection[Any]) -> None:
        try:
            self.check_connection(connection)
        except psycopg.Error:
            # The server was restarted: the others are as dead, and to be found out one by one.
            self.drain()
            raise

    def _note_failure(self, pool: ConnectionPool[Any]) -> None:
        self._gave_up_at = time.monotonic()
