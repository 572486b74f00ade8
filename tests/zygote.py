"""Starts workers that have their libraries: a process that has loaded the renderer once, and forks.

``python -m tests.zygote FD`` takes orders on a socket: an environment and arguments of manage.py, with a pipe for the
output and one for the exit status. It answers the process id. Loading torch, diffusers and transformers takes ten
seconds of a processor, more than all that most tests have a worker do. The forked process is the real command from
there on: it reads its settings, loads Django and connects by itself.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn

ROOT = Path(__file__).parents[1]
_ORDER_BYTES = 1 << 20


class Forked:
    """A process that the zygote has forked, with as much of ``subprocess.Popen`` as tests need."""

    def __init__(self, pid: int, output: int, status: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout: IO[str] = os.fdopen(output, encoding="utf-8", errors="replace")
        self._status = status

    def poll(self) -> int | None:
        with suppress(BlockingIOError):
            self._read(blocking=False)
        return self.returncode

    def wait(self) -> int:
        return self._read(blocking=True)

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _read(self, *, blocking: bool) -> int:
        if self.returncode is None:
            os.set_blocking(self._status, blocking)
            told = os.read(self._status, 16)
            self.returncode = int(told) if told else -signal.SIGKILL
            os.close(self._status)
        return self.returncode


def start(arguments: Sequence[str], environment: Mapping[str, str]) -> Forked:
    """``manage.py`` with these arguments; what it writes, errors too, can be read from ``stdout``."""
    output, their_output = os.pipe()
    status, their_status = os.pipe()
    order = json.dumps({"arguments": list(arguments), "environment": dict(environment)}).encode()
    control = _control()
    socket.send_fds(control, [order], [their_output, their_status])
    os.close(their_output)
    os.close(their_status)
    return Forked(int(control.recv(16)), output, status)


@functools.cache
def _control() -> socket.socket:
    """Of this process' own zygote, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ORDER_BYTES)
    with theirs:
        zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.zygote", str(theirs.fileno())],
            cwd=ROOT,
            # Read once, when the libraries are loaded; see ``tests.worker.addresses``.
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def end() -> None:
        ours.close()
        zygote.wait()

    atexit.register(end)
    return ours


def serve(control: socket.socket) -> None:
    """Fork as ordered until the other end is closed; then end what is left."""
    watched = selectors.DefaultSelector()
    watched.register(control, selectors.EVENT_READ)
    children: dict[int, tuple[int, int]] = {}
    while True:
        for key, _ in watched.select():
            if key.fd in children:
                watched.unregister(key.fd)
                _tell(key.fd, *children.pop(key.fd))
                continue
            order, descriptors, _, _ = socket.recv_fds(control, _ORDER_BYTES, 2)
            if not order:
                for pid, _ in children.values():
                    os.kill(pid, signal.SIGKILL)
                return
            output, status = descriptors
            pid = os.fork()
            if pid == 0:
                watched.close()
                control.close()
                _become(output, **json.loads(order))
            os.close(output)
            child = os.pidfd_open(pid)
            children[child] = (pid, status)
            watched.register(child, selectors.EVENT_READ)
            control.send(str(pid).encode())


def _tell(child: int, pid: int, status: int) -> None:
    os.close(child)
    with suppress(BrokenPipeError), os.fdopen(status, "w") as pipe:
        pipe.write(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))


def _become(output: int, arguments: list[str], environment: dict[str, str]) -> NoReturn:
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["manage.py", *arguments]
    from manage import main

    main()
    sys.exit()


if __name__ == "__main__":
    from studio.rendering.models.quiet import log_as_the_others_do

    log_as_the_others_do()

    import studio.rendering.render  # noqa: F401

    assert "django" not in sys.modules, "it would have read these settings"
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
