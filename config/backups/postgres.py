"""The database in a file, by PostgreSQL's own tools, which come along with the embedded server.

They connect as the application does, and row-level security would show them nothing: the session setting that opens
all tenants to the application opens them to a dump as well, so no superuser is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg import pq

from tenants.postgresql.base import SETTING

# What a restore replaces: all of it, tables of later versions as well, in the transaction that brings the former ones.
_EMPTY = "DROP SCHEMA public CASCADE"


def dump(database: str, target: Path, *, tools: Path) -> None:
    """Write the database into ``target``, whole or not at all. Raises RuntimeError with what pg_dump says."""
    unfinished = target.with_name(f"{target.name}.part")
    # Rows of all tenants, whose are whose, and not to which role of this server they belong.
    options = ["--format=custom", "--enable-row-security", "--no-owner", "--no-privileges", "--schema=public"]
    argv = [str(tools / "pg_dump"), *options, f"--file={unfinished}"]
    ended = subprocess.run(argv, env=_environment(database), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode:
        unfinished.unlink(missing_ok=True)
        raise RuntimeError(f"pg_dump failed: {ended.stderr.strip()}")
    unfinished.chmod(0o600)
    unfinished.rename(target)


def restore(database: str, source: Path, *, tools: Path) -> None:
    """Replace the database by a dump, in one transaction. Raises RuntimeError with what failed; nothing is changed."""
    read = ["--enable-row-security", "--no-owner", "--no-privileges", "--file=-", str(source)]
    write = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
    with (
        subprocess.Popen([str(tools / "pg_restore"), *read], stdin=nothing, stdout=pipe, stderr=pipe) as reading,
        subprocess.Popen(
            [str(tools / "psql"), *write, f"--command={_EMPTY}", "--file=-"],
            env=_environment(database),
            stdin=pipe,
            stdout=nothing,
            stderr=pipe,
        ) as writing,
    ):
        assert reading.stdout is not None
        assert reading.stderr is not None
        assert writing.stdin is not None
        try:
            shutil.copyfileobj(reading.stdout, writing.stdin)
        except BrokenPipeError:
            # psql has ended early and says why.
            reading.kill()
        complaint = reading.stderr.read().decode(errors="replace").strip()
        if reading.wait() != 0 and writing.poll() is None:
            # Before the end of its input, which would commit what has arrived.
            writing.kill()
            writing.communicate()
            raise RuntimeError(f"pg_restore failed: {complaint}")
        _, errors = writing.communicate()
        if writing.returncode:
            raise RuntimeError(f"psql failed: {errors.decode(errors='replace').strip()}")


def migrations(database: str) -> list[str]:
    """The migrations that are applied, as ``app.name``."""
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    return [f"{app}.{name}" for app, name in rows]


def others(database: str) -> int:
    """How many other clients are connected to the database."""
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        ).fetchone()
    return row[0] if row else 0


def _environment(database: str) -> dict[str, str]:
    """The connection as environment variables: arguments are seen by everybody on the machine."""
    found = {
        option.envvar.decode(): option.val.decode()
        for option in pq.Conninfo.parse(database.encode())
        if option.envvar and option.val
    }
    options = f"{found.get('PGOPTIONS', '')} -c {SETTING}=*".strip()
    return {**os.environ, **found, "PGOPTIONS": options, "PGAPPNAME": "studio-backup"}
