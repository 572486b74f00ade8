"""The staff's lists at two sizes of the database: ``python -m bench.staff --rows 1000000 --folder /tmp/filled``.

Every list, with a search, each filter, each order and pages far inside: processor time of Django and of
PostgreSQL, at ``--few`` rows and at ``--rows``. A line that costs over ``TARGET`` of what it costs with few rows is
marked; the command then exits with 1. The databases are filled once and kept (``bench.filled``).

A status, a date or a person that no row or few have among 1,000 has a full page among 1,000,000, and drawing a row
costs half a millisecond: ``--per-page 5`` shows as many on both sides, so that what is compared is finding them.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from bench.filled import filled
from config.stack.redis import Redis

TARGET = 1.5
FLOOR_MS = 5.0
"""Differences below are no more than noise."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/filled"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--per-page", type=int, help="rows on a page, instead of each list's own number")
    parser.add_argument("--only", nargs="*", help="models, such as studio.renderjob")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(_measured(options.folder / str(options.measure), options.measure, options)))
        return 0
    small, large = (_in_a_process(rows) for rows in (options.few, options.rows))
    print(f"{'':<62}{'ms at ' + f'{options.few:,}':>15}{'ms at ' + f'{options.rows:,}':>17}{'ratio':>8}")
    missed = 0
    for page, (django, database) in large.items():
        was = sum(small[page]) if page in small else float("nan")
        now = django + database
        miss = now > TARGET * was + FLOOR_MS
        missed += miss
        print(f"{page:<62}{was:>15.1f}{now:>10.1f} ({database:4.1f}){now / was:>7.2f}{' *' if miss else ''}")
    print(f"\n{missed} of {len(large)} cost more than {TARGET} times as much (processor time; of it, PostgreSQL's)")
    return 1 if missed else 0


def _in_a_process(rows: int) -> dict[str, tuple[float, float]]:
    """Each size in an interpreter of its own: Django knows one database."""
    command = [sys.executable, "-m", "bench.staff", *sys.argv[1:], "--measure", str(rows)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, tuple[float, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def _measured(folder: Path, rows: int, options: argparse.Namespace) -> dict[str, tuple[float, float]]:
    folder.mkdir(parents=True, exist_ok=True)
    redis = Redis(folder / "redis")
    os.environ["REDIS_URL"] = redis.url
    redis.start()
    try:
        with filled(folder, rows):
            logging.disable(logging.INFO)
            if options.per_page:
                _show(options.per_page)
            return {name: _cost(url, options.rounds) for name, url in _pages(rows, options.only)}
    finally:
        redis.stop()


def _show(rows: int) -> None:
    from django.contrib import admin
    from django.urls import get_resolver

    # Imports what registers the lists.
    get_resolver().url_patterns  # noqa: B018
    for page in admin.site._registry.values():
        page.list_per_page = rows


def _pages(rows: int, only: list[str] | None) -> list[tuple[str, str]]:
    from django.test.utils import setup_test_environment, teardown_test_environment

    from bench.staff_urls import pages

    # Pages tell their context, which costs them something.
    setup_test_environment()
    found = list(pages(_client(), 1000 + rows // 2))
    teardown_test_environment()
    # Choices of one filter differ in their addresses alone.
    named = [
        (name if name not in dict(found[:place]) else f"{name} {url.split('?')[1]}", url)
        for place, (name, url) in enumerate(found)
    ]
    return [(name, url) for name, url in named if not only or name.split()[0] in only]


def _client() -> Any:
    from django.test import Client

    from accounts.models import User
    from tenants.models import Tenant

    chief = User.objects.filter(email="chief@example.com").first() or User.objects.create_user(
        email="chief@example.com", password=None, name="chief", role=2, tenant=Tenant.objects.order_by("pk")[0]
    )
    client = Client(SERVER_NAME="localhost")
    client.force_login(chief)
    return client


def _cost(url: str, rounds: int) -> tuple[float, float]:
    """Milliseconds of processor time in this process, and in PostgreSQL: medians."""
    from django.db import connection

    client = _client()
    response = client.get(url)
    if response.status_code != 200:
        raise SystemExit(f"{url}: {response.status_code}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        postmaster = psutil.Process(cursor.fetchone()[0]).parent()
    own, theirs = [], []
    for _ in range(rounds):
        began, there = time.process_time(), _milliseconds(postmaster)
        client.get(url)
        own.append(1000 * (time.process_time() - began))
        theirs.append(_milliseconds(postmaster) - there)
    return statistics.median(own), statistics.median(theirs)


def _milliseconds(postmaster: psutil.Process) -> float:
    """On a processor, of all its backends."""
    return sum(int(Path(f"/proc/{c.pid}/schedstat").read_text().split()[0]) for c in postmaster.children()) / 1e6


if __name__ == "__main__":
    sys.exit(main())
