"""A studio of any size, filled once and started again: ``python -m bench.filled --rows 1000000 --folder /tmp/filled``.

So many users, videos, renders, files, ledger entries, gallery items, messages, tickets, orders and audit entries,
written by the database itself: a few users have thousands, most have some or none; two years of dates; common words,
and one in a handful of rows. Triggers and foreign keys rest meanwhile, and the queue's counters are counted afterwards.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.filled_rows import RARE, STATEMENTS
from config.stack.postgres import ROLE, SUPERUSER, Postgres

__all__ = ["RARE", "filled"]

_ALL = "SELECT set_config('studio.tenant', '*', false)"
_COUNTERS = (
    "INSERT INTO studio_queueuser (owner_id, running, served) SELECT owner_id, 0, nextval('studio_served') FROM ("
    "SELECT owner_id FROM studio_renderjob WHERE started_at IS NOT NULL GROUP BY 1 ORDER BY max(started_at)) AS served",
    "SELECT count(studio_recount_user(owner_id)) FROM ("
    "SELECT DISTINCT owner_id FROM studio_renderjob WHERE status IN ('queued', 'running')) AS active",
    "SELECT count(studio_recount_totals(part)) FROM generate_series(0, 31) AS part",
)


@contextmanager
def filled(folder: Path, rows: int, *, quiet: bool = True) -> Iterator[str]:
    """The URL of a running database with ``rows`` of everything; the environment names it, Django is set up.

    What ``folder`` has from an earlier run is used as it is, once its schema is today's.
    """
    server = Postgres(folder / "postgres", durable=False)
    server.start()
    try:
        os.environ["DATABASE_URL"] = server.url
        os.environ.setdefault("STUDIO_DATA_DIR", str(folder))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        # Whoever may let triggers rest. Row security does not bind it.
        with psycopg.connect(server.url.replace(f"//{ROLE}@", f"//{SUPERUSER}@"), autocommit=True) as connection:
            _fill(connection, rows, quiet)
        yield server.url
    finally:
        server.stop()


def _fill(connection: psycopg.Connection, rows: int, quiet: bool) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS bench_filled (step text PRIMARY KEY, rows bigint)")
    done: dict[str, int] = dict(connection.execute("SELECT step, rows FROM bench_filled").fetchall())
    if wrong := {count for count in done.values() if count != rows}:
        raise SystemExit(f"This folder was filled with {max(wrong):,} rows; take another.")
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET maintenance_work_mem = '512MB'")
    connection.execute(_ALL)
    # Once more when there are other indexes.
    (schema,) = connection.execute("SELECT count(*) FROM django_migrations").fetchone()  # type: ignore[misc]
    vacuum = f"vacuum {schema}"
    steps = {**STATEMENTS, "counters": "; ".join(_COUNTERS), vacuum: "VACUUM (ANALYZE)"}
    for step, statement in steps.items():
        if step in done:
            continue
        began = time.monotonic()
        if step == vacuum:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("INSERT INTO bench_filled VALUES (%s, %s)", [step, rows])
        else:
            with connection.transaction():
                connection.execute("SELECT setseed(0.5)")
                connection.execute(statement.replace(":rows", str(rows)))  # type: ignore[arg-type]
                connection.execute("INSERT INTO bench_filled VALUES (%s, %s)", [step, rows])
        if not quiet:
            print(f"{step:<12}{time.monotonic() - began:8.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/filled"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with filled(options.folder, options.rows, quiet=False) as url:
        print(f"filled; while it runs: DATABASE_URL={url}")


if __name__ == "__main__":
    main()
