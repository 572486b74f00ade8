"""Django's PostgreSQL backend, with the tenant scope carried to the session for row-level security.

It also waits for the disk after the commit where ``config.platform.commits`` says so.
"""

from __future__ import annotations

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg.pq import TransactionStatus

from config.platform.locks import bound_waiting
from tenants import scope
from tenants.postgresql.pool import CheckedPool
from tenants.postgresql.timestamps import UtcLoader

SETTING = "studio.tenant"


class DatabaseWrapper(base.DatabaseWrapper):
    """Keeps the session setting ``studio.tenant`` equal to the scope: a tenant id, ``*`` for all, empty for none.

    The setting is sent only when the scope has changed; a rollback may undo it on the server, so it is forgotten then.
    A connection that comes back from the pool has kept its setting, which is noted on it.
    """

    _sent: str | None = None
    _flush_due = False

    def _cursor(self, name: str | None = None) -> object:
        self.ensure_connection()
        wanted = "" if scope.current() is None else str(scope.current())
        # In a failed transaction the server takes nothing but the rollback, which comes through here too.
        failed = self.connection.info.transaction_status == TransactionStatus.INERROR
        if wanted != self._sent and not failed:
            with self.wrap_database_errors, self.connection.cursor() as cursor:
                cursor.execute("SELECT set_config(%s, %s, false)", [SETTING, wanted])
            self._sent = wanted
            # Whoever ends a transaction may yet undo what was set within it.
            self.connection.studio_tenant = wanted if self.connection.autocommit else None
        return super()._cursor(name)  # type: ignore[misc]

    def ensure_connection(self) -> None:
        """Whoever lost the connection gets another, unless that would split a transaction.

        Django does so at the ends of a request alone, and programs and threads that run for days have none.
        """
        broken = self.connection is not None and self.connection.closed
        if broken and self.autocommit and not self.in_atomic_block:
            self.close()
        super().ensure_connection()

    @property
    def pool(self) -> CheckedPool | None:
        """Django's pool, with connections that were looked at before they are given out."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        pools: dict[str, CheckedPool] = self._connection_pools  # type: ignore[attr-defined]
        if self.alias not in pools:
            pool = CheckedPool(
                kwargs={**self.get_connection_params(), "autocommit": True},
                configure=self._configure_connection,
                **options,
            )
            # Of two threads at once the first makes it; an unopened one costs nothing.
            pools.setdefault(self.alias, pool)
        return pools[self.alias]

    def get_connection_params(self) -> dict[str, object]:
        params = super().get_connection_params()
        params["context"].adapters.register_loader("timestamptz", UtcLoader)
        return params

    def _configure_connection(self, connection: Connection) -> bool:
        super()._configure_connection(connection)  # type: ignore[misc]
        bound_waiting(connection)
        # To be committed.
        return True

    def init_connection_state(self) -> None:
        # A new session has no setting, which means the same as an empty one.
        self._sent = getattr(self.connection, "studio_tenant", "")
        self._flush_due = False
        super().init_connection_state()

    def flush_before_hooks(self) -> None:
        """Wait for the disk when the transaction has been committed, before its hooks run; without one, now."""
        self._flush_due = True
        if self.get_autocommit():
            self._flush()

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        # Here a transaction has ended, and what waits for its end does not know of it yet.
        if autocommit and self._flush_due:
            self._flush()

    def _flush(self) -> None:
        """Everything that was committed before is on disk after it: a commit with the session's own durability."""
        self._flush_due = False
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute("SELECT pg_logical_emit_message(true, '', '')")

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]
        self._sent = None
        self._flush_due = False

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]
        self._sent = None
