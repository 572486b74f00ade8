"""The public lists, measured: ``python -m bench.api [--rows 200000]`` beside the bare floor and an idiomatic view.

PostgreSQL, Redis and granian (WSGI, 2 workers of one thread) are started for it. Variants take turns; a figure is the
median of the rounds. Ratios are of processor time per request, of server, database and cache together: unlike requests
per second, they do not depend on what else the machine does, nor on how fast this client is. Exits with 1 when a target
of the performance page is missed.
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psutil

from config.stack.testing import TestStack

CONNECTIONS = 8
SETTLE = 30
"""Requests before each measurement, to fill pools and caches."""

VARIANTS = {"floor": "/floor/{}", "cached": "/api/{}", "ours": "/uncached/{}", "idiomatic": "/idiomatic/{}"}
TARGETS = {"cached": 0.4, "ours": 0.12}
LAST_PAGE = 1.3
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
    arguments = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.api_settings"
    stack = TestStack()
    stack.start()
    try:
        began = time.monotonic()
        _fill(arguments.rows)
        print(f"{arguments.rows:,} rows each, written in {time.monotonic() - began:.0f} s\n", flush=True)
        missed = Server().measure(arguments.rows, arguments.rounds, arguments.requests)
    finally:
        stack.stop()
        stack.remove()
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall targets met")
    return 1 if missed else 0


class Server:
    """granian with the product in it, and all processes that work for it."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = ["--interface", "wsgi", "--workers", "2", "--blocking-threads", "1", "--log-level", "error"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "granian", *options, "--port", str(self.port), "config.wsgi:application"]
        )

    def measure(self, rows: int, rounds: int, requests: int) -> list[str]:
        """Prints the tables; answers the targets that were missed."""
        try:
            self._wait()
            missed = []
            for name in ("gallery", "effects"):
                missed += self._lists(name, rounds, requests)
                missed += self._pages(name, rows, rounds)
            return missed
        finally:
            self._process.terminate()
            self._process.wait()

    def _lists(self, name: str, rounds: int, requests: int) -> list[str]:
        results: dict[str, list[Figures]] = {variant: [] for variant in VARIANTS}
        for _ in range(rounds):
            for variant, pattern in VARIANTS.items():
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

    def _pages(self, name: str, rows: int, rounds: int) -> list[str]:
        """The first page beside the last, neither from the response cache."""
        url, last = f"/uncached/{name}", -(-rows // PER_PAGE)
        figures: dict[int, list[float]] = {1: [], last: []}
        for _ in range(rounds):
            for page, times in figures.items():
                times.append(self._load(f"{url}?page={page}", 200).cpu_ms)
        ratio = statistics.median(figures[last]) / statistics.median(figures[1])
        print(f"{'':<9}page {last:,} of {last:,} costs {ratio:.2f} of page 1 (target <= {LAST_PAGE})", flush=True)
        return [] if ratio <= LAST_PAGE else [f"{name} last page"]

    def _load(self, path: str, requests: int) -> Figures:
        self._get(path, SETTLE)
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            cpu, began = self._cpu_seconds(), time.perf_counter()
            list(pool.map(lambda share: self._get(path, share), [requests // CONNECTIONS] * CONNECTIONS))
            seconds, cpu = time.perf_counter() - began, self._cpu_seconds() - cpu
        done = requests // CONNECTIONS * CONNECTIONS
        return Figures(per_second=done / seconds, cpu_ms=1000 * cpu / done)

    def _get(self, path: str, times: int) -> None:
        """The same request again and again over one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        for _ in range(times):
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise RuntimeError(f"{path}: {response.status} {body[:200]!r}")
        connection.close()

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


def _fill(rows: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from bench.api_rows import fill

    call_command("migrate", verbosity=0)
    fill(rows)
    from django.db import connection

    connection.close_pool()  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
