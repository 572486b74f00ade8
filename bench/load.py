"""How fast the web server answers beside those who would starve it: ``python -m bench.load``.

    python -m bench.load [--seconds 10] [--processes 1 --threads 8] [--slow 200] [--logins 100] [--uploads 20]

``config.web`` as ``serve`` runs it, on an embedded PostgreSQL that waits for the disk. Two clients look at
``/api/gallery`` and two, signed in, at their videos, each again 20 ms after its answer: alone, beside slow
bodies, beside sign-ins offered a second, beside uploads of a real clip, and beside all of them. Printed: the clock's
p50 and p99 of each, the ratio to alone, what became of the others, and the memory of all web processes.
"""

from __future__ import annotations

import argparse
import http.client
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.load_crowd import Crowd
from config.stack.testing import TestStack

GALLERY, VIDEOS = "/api/gallery", "/api/videos"
CLIENTS = 2
"""Of each list."""
PAUSE_SECONDS = 0.02
"""After an answer: people who look don't fill the machine."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--processes", help="WEB_PROCESSES; by default what serve takes")
    parser.add_argument("--threads", help="WEB_THREADS; by default what serve takes")
    parser.add_argument("--slow", type=int, default=200, help="bodies of a byte now and then")
    parser.add_argument("--logins", type=int, default=100, help="offered a second")
    parser.add_argument("--uploads", type=int, default=20, help="at once")
    options = parser.parse_args()

    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "THROTTLE": "off", "ACCESS_LOG": "false"}
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(48)
    for name, value in (("WEB_PROCESSES", options.processes), ("WEB_THREADS", options.threads)):
        if value is not None:
            os.environ[name] = value
    stack = TestStack(durable=True)
    stack.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            _bench(options, Path(folder))
    finally:
        stack.stop()
        stack.remove()


def _bench(options: argparse.Namespace, folder: Path) -> None:
    from bench.load_rows import PASSWORD, furnish

    people, clip = furnish(folder)
    with _web() as (port, process):
        for path, token in ((GALLERY, ""), (VIDEOS, people[0].token)):
            assert _ask(http.client.HTTPConnection("127.0.0.1", port), path, token) == 200
        print(f"{len(process.children())} processes of {os.environ.get('WEB_THREADS', '8')} threads: "
              f"{_memory(process) >> 20} MiB")  # fmt: skip
        crowds = {
            "alone": (0, 0, 0),
            f"{options.slow} slow bodies": (options.slow, 0, 0),
            f"{options.logins} sign-ins/s": (0, options.logins, 0),
            f"{options.uploads} uploads": (0, 0, options.uploads),
            "all of them": (options.slow, options.logins, options.uploads),
        }
        first: dict[str, float] = {}
        for name, (slow, logins, uploads) in crowds.items():
            crowd = Crowd(port, people, PASSWORD, clip, slow=slow, logins=logins, uploads=uploads)
            with crowd.around() as came:
                measured, peak = _measure(port, people[0].token, process, options.seconds)
            for path, times in measured.items():
                p99 = _p(times, 99)
                first.setdefault(path, p99)
                print(f"{name:16} {path:13} {len(times) / options.seconds:6.0f}/s  p50 {1000 * _p(times, 50):7.1f} ms  "
                      f"p99 {1000 * p99:7.1f} ms  {p99 / first[path]:6.1f} of alone")  # fmt: skip
            print(f"{name:16} peak {peak >> 20} MiB; {came or 'nobody else'}", flush=True)


def _measure(port: int, token: str, process: psutil.Process, seconds: float) -> tuple[dict[str, list[float]], int]:
    """Seconds of each answer, and the most memory that there was meanwhile."""
    times: dict[str, list[float]] = {GALLERY: [], VIDEOS: []}
    ends = time.monotonic() + seconds
    peaks = [0]

    def look(path: str, token: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < ends:
            began = time.perf_counter()
            status = _ask(connection, path, token)
            assert status == 200, status
            times[path].append(time.perf_counter() - began)
            time.sleep(PAUSE_SECONDS)

    def weigh() -> None:
        while time.monotonic() < ends:
            peaks.append(_memory(process))
            time.sleep(0.25)

    threads = [threading.Thread(target=weigh)]
    threads += [
        threading.Thread(target=look, args=(path, token if path == VIDEOS else "")) for path in (*times,) * CLIENTS
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, max(peaks)


def _ask(connection: http.client.HTTPConnection, path: str, token: str) -> int:
    headers = {"Host": "localhost", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


@contextmanager
def _web() -> Iterator[tuple[int, psutil.Process]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-m", "config.web", "--port", str(port)])
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionError:
                time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _memory(process: psutil.Process) -> int:
    """Bytes of the web server, pages that its processes share once."""
    return sum(int(one.memory_full_info().pss) for one in (process, *process.children()))


def _p(times: list[float], percent: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    main()
