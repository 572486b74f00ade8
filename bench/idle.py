"""What `serve` takes while nobody uses it, and what its commands cost to start: ``python -m bench.idle``.

Memory is the proportional set size (Linux, ``/proc/PID/smaps_rollup``): what processes share is divided among them, so
the sum is what the tree takes. What else runs on the machine takes its part of the libraries that it shares; on a
machine that runs other copies of the studio the sum is too small by that. Starts are in processor time.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
MOST_MIB = 600
_STARTED = re.compile(r"^(\S+) .*started \(process (\d+)\)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settle", type=float, default=20.0, help="seconds after the start (default: %(default)s)")
    parser.add_argument("--starts", type=int, default=3, help="of each command; the least counts")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="idle-") as folder:
        total = _memory(Path(folder), arguments.settle)
        for command in ("help", "check"):
            seconds = min(_start(command, folder) for _ in range(arguments.starts))
            print(f"manage.py {command}: {seconds:.2f} s of a processor")
    return int(total > MOST_MIB)


def _memory(folder: Path, settle: float) -> float:
    """Print MiB of each program; answers the sum."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port)],
        cwd=ROOT,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as serve:
        assert serve.stdout is not None
        names = {serve.pid: "serve"}
        lines = iter(serve.stdout)
        while "Studio is ready" not in (line := next(lines)):
            if match := _STARTED.match(line):
                names[int(match[2])] = match[1]
        # Whatever is loaded after the first request, and the worker, which is not waited for.
        time.sleep(settle)
        found: dict[str, list[float]] = defaultdict(list)
        for process in [psutil.Process(serve.pid), *psutil.Process(serve.pid).children(recursive=True)]:
            above = [process, *process.parents()]
            name = next(names[each.pid] for each in above if each.pid in names)
            found[name].append(process.memory_full_info().pss / 2**20)
        serve.send_signal(signal.SIGTERM)
        serve.communicate()
    total = sum(sum(sizes) for sizes in found.values())
    for name, sizes in found.items():
        print(f"{name:10} {len(sizes):2} processes {sum(sizes):6.0f} MiB")
    print(f"{'all':10} {sum(map(len, found.values())):2} processes {total:6.0f} MiB, target {MOST_MIB}")
    return total


def _start(command: str, folder: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env=_environment(Path(folder)),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _environment(folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return {**ours, "STUDIO_DATA_DIR": str(folder / "data"), "PYTHONUNBUFFERED": "1"}


if __name__ == "__main__":
    sys.exit(main())
