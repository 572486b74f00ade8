"""The lists, measured beside the bare floor and, the public ones, beside an idiomatic view.

    python -m bench.api [--rows 1000000] [--folder /tmp/filled] [--lists gallery effects videos ...]

A database with so many rows of everything (``bench.filled``; kept where ``--folder`` says so), Redis and granian (WSGI,
2 workers of one thread) are started for it. Signed-in lists are those of the person who has most. Variants take turns;
a figure is the median of the rounds. Ratios are of processor time per request, of server, database and cache together:
unlike requests per second, they do not depend on what else the machine does, nor on how fast this client is. Exits with
1 when a target of the performance page is missed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING

import psutil

from bench.filled import filled
from config.stack.testing import TestStack

if TYPE_CHECKING:
    from bench.api_rows import Person

PUBLIC_LISTS = ("gallery", "effects")
SIGNED_IN_LISTS = ("videos", "ai-jobs", "queue", "finance-operations", "status")
CONNECTIONS = 8
SETTLE = 30
"""Requests before each measurement, to fill pools and caches."""

PUBLIC = {"floor": "/floor/{}", "cached": "/api/{}", "ours": "/uncached/{}", "idiomatic": "/idiomatic/{}"}
SIGNED_IN = {"floor": "/floor/{}", "signed in": "/api/{}"}
TARGETS = {"cached": 0.4, "ours": 0.12, "signed in": 0.09}
FAR_PAGE = 1.3
PER_PAGE = 50


@dataclass(frozen=True)
class Figures:
    """Of one variant in one round."""

    per_second: float
    cpu_ms: float
    """Processor time per request in milliseconds."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=400, help="per variant and round; the floor has four times")
    parser.add_argument("--folder", type=Path, help="where the filled database is kept")
    parser.add_argument("--lists", nargs="*", default=[*PUBLIC_LISTS, *SIGNED_IN_LISTS], help="and status")
    arguments = parser.parse_args()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "bench.api_settings",
        "SECRET_KEY": token_urlsafe(48),
        "LOG_LEVEL": "WARNING",
    }
    # Only Redis: the database comes filled.
    os.environ["DATABASE_URL"] = ""
    stack = TestStack()
    stack.start()
    try:
        with tempfile.TemporaryDirectory() as folder, filled(arguments.folder or Path(folder), arguments.rows):
            from bench.api_rows import add_effects, sign_in

            add_effects(arguments.rows)
            person = sign_in()
            print(f"{arguments.rows:,} rows each, {person.videos:,} videos of the person who is signed in; "
                  f"load {os.getloadavg()[0]:.1f}\n", flush=True)  # fmt: skip
            missed = Server(person).measure(arguments.lists, arguments.rounds, arguments.requests)
    finally:
        stack.stop()
        stack.remove()
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall targets met")
    return 1 if missed else 0


class Server:
    """granian with the product in it, and all processes that work for it."""

    def __init__(self, person: Person) -> None:
        self._person = person
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = ["--interface", "wsgi", "--workers", "2", "--blocking-threads", "1", "--log-level", "error"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "granian", *options, "--port", str(self.port), "config.wsgi:application"]
        )

    def measure(self, names: Sequence[str], rounds: int, requests: int) -> list[str]:
        """Prints the tables; answers the targets that were missed."""
        try:
            self._wait()
            missed = []
            for name in names:
                path = f"status/{self._person.newest_video}" if name == "status" else name
                missed += self._lists(path, PUBLIC if name in PUBLIC_LISTS else SIGNED_IN, rounds, requests)
                if name != "status":
                    missed += self._pages(name, rounds)
            return missed
        finally:
            self._process.terminate()
            self._process.wait()

    def _lists(self, name: str, variants: Mapping[str, str], rounds: int, requests: int) -> list[str]:
        results: dict[str, list[Figures]] = {variant: [] for variant in variants}
        for _ in range(rounds):
            for variant, pattern in variants.items():
                results[variant].append(self._load(pattern.format(name), requests * (4 if variant == "floor" else 1)))
        floor = statistics.median(figures.cpu_ms for figures in results["floor"])
        print(f"{name}: {'variant':<12}{'CPU ms':>8}{'req/s':>8}{'of the floor':>14}{'target':>9}")
        missed = []
        for variant, rounds_of_it in results.items():
            cpu = statistics.median(figures.cpu_ms for figures in rounds_of_it)
            speed = statistics.median(figures.per_second for figures in rounds_of_it)
            target = TARGETS.get(variant)
            print(
                f"{'':<9}{variant:<12}{cpu:>8.2f}{speed:>8.0f}{floor / cpu:>14.3f}{f'>= {target}' if target else '':>9}"
            )
            if target and floor / cpu < target:
                missed.append(f"{name} {variant}")
        return missed

    def _pages(self, name: str, rounds: int) -> list[str]:
        """The first page beside one in the middle and the last, none from the response cache."""
        url = f"/uncached/{name}" if name in PUBLIC_LISTS else f"/api/{name}"
        last = json.loads(self._get(url, 1))["data"]["totalPages"]
        figures: dict[int, list[float]] = {page: [] for page in sorted({1, max(1, last // 2), last})}
        for _ in range(rounds):
            for page, times in figures.items():
                times.append(self._load(f"{url}?page={page}", 80).cpu_ms)
        missed = []
        for page in list(figures)[1:]:
            ratio = statistics.median(figures[page]) / statistics.median(figures[1])
            print(f"{'':<9}page {page:,} of {last:,} costs {ratio:.2f} of page 1 (target <= {FAR_PAGE})", flush=True)
            missed += [] if ratio <= FAR_PAGE else [f"{name} page {page:,}"]
        return missed

    def _load(self, path: str, requests: int) -> Figures:
        self._get(path, SETTLE)
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            cpu, began = self._cpu_seconds(), time.perf_counter()
            list(pool.map(lambda share: self._get(path, share), [requests // CONNECTIONS] * CONNECTIONS))
            seconds, cpu = time.perf_counter() - began, self._cpu_seconds() - cpu
        done = requests // CONNECTIONS * CONNECTIONS
        return Figures(per_second=done / seconds, cpu_ms=1000 * cpu / done)

    def _get(self, path: str, times: int) -> bytes:
        """The same request again and again over one connection; the last body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = b""
        # Public lists are asked for by anybody.
        is_public = path.partition("?")[0].endswith(PUBLIC_LISTS)
        headers = {} if is_public else {"Authorization": f"Bearer {self._person.token}"}
        for _ in range(times):
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise RuntimeError(f"{path}: {response.status} {body[:200]!r}")
        connection.close()
        return body

    def _cpu_seconds(self) -> float:
        """Of all children of this process: granian's workers, PostgreSQL's backends, Redis."""
        total = 0.0
        for process in psutil.Process().children(recursive=True):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self._get("/floor/gallery", 1)
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError("The server does not answer.") from None
                time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
