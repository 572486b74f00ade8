"""Helper processes that look at strangers' bytes, so that the process that asks never does.

A helper (``helper.py``) has limits on memory, processor time, wall time and the files it writes. A file that makes it
exceed them, or crash, costs the helper and gets a refusal; nobody else notices. Few work at once. A helper starts on
the first question and stays for the next ones.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from studio.rendering.errors import MediaBusy, MediaError

logger = logging.getLogger(__name__)

CPU_SECONDS = 10
"""A file that takes longer to judge is refused."""
WALL_SECONDS = 60
"""A question is given up after this time: the machine is overloaded, or the helper hangs."""
_STILL_SECONDS = 60, 300
"""Processor and wall time for scaling a photo with care, which a render asks for and no request waits for."""
MAX_USES = 200
"""A helper is replaced now and then, whatever it has leaked."""
_SHORT_WAIT, _LONG_WAIT, _PATIENT = 1.0, 10.0, 3
"""Seconds: everybody waits a moment for a free helper, so few as to leave threads for others wait longer."""
_GRACE_SECONDS = 5
_LAST_WORDS_SECONDS = 0.05
_MAX_LINE = 1 << 20
_ROOT = Path(__file__).parents[3]
_CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS}


class _Died(Exception):
    """The helper ended without an answer; ``status`` is its exit status, negative for a signal."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Helper:
    def __init__(self) -> None:
        # Nothing of our environment: what decodes strangers' bytes holds no secrets.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "studio.rendering.media.helper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env={"PYTHONPATH": str(_ROOT), "PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        )
        self.pid = self._process.pid
        self.uses = 0

    def ask(self, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Raises _Died."""
        self.uses += 1
        assert self._process.stdin
        deadline = time.monotonic() + question["wall_seconds"] + _GRACE_SECONDS
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
        except BrokenPipeError:
            raise _Died(self.stop()) from None
        head, rest = self._read_line(deadline)
        answer: dict[str, Any] = json.loads(head)
        return answer, self._read(answer.get("payload", 0), rest, deadline)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> int:
        """End it; answers the exit status that it had by itself, if any."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_WORDS_SECONDS)
        self._process.kill()
        status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()
        return status

    def _read_line(self, deadline: float) -> tuple[bytes, bytes]:
        received = bytearray()
        while b"\n" not in received:
            if len(received) > _MAX_LINE:
                raise _Died(self.stop())
            received += self._receive(deadline)
        head, _, rest = received.partition(b"\n")
        return bytes(head), bytes(rest)

    def _read(self, size: int, received: bytes, deadline: float) -> bytes:
        parts, missing = [received], size - len(received)
        while missing > 0:
            parts.append(self._receive(deadline))
            missing -= len(parts[-1])
        return b"".join(parts)[:size]

    def _receive(self, deadline: float) -> bytes:
        assert self._process.stdout
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        chunk = os.read(self._process.stdout.fileno(), 1 << 20) if ready else b""
        if not chunk:
            raise _Died(self.stop())
        return chunk


class _Pool:
    def __init__(self, most: int) -> None:
        self._most = most
        self._free = threading.Condition()
        self._busy = self._patient = 0
        self._idle: list[_Helper] = []

    def ask(self, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        with self._place():
            helper = self._living_helper()
            keep = False
            try:
                answer, payload = helper.ask(question)
                keep = not answer.get("retire") and helper.uses < MAX_USES
                return answer, payload
            finally:
                if keep:
                    with self._free:
                        self._idle.append(helper)
                else:
                    helper.stop()

    def _living_helper(self) -> _Helper:
        while True:
            with self._free:
                helper = self._idle.pop() if self._idle else None
            if helper is None:
                return _Helper()
            if helper.is_alive:
                return helper
            helper.stop()

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self._free:
            if not self._wait(_SHORT_WAIT):
                if self._patient >= _PATIENT:
                    raise MediaBusy
                self._patient += 1
                try:
                    if not self._wait(_LONG_WAIT):
                        raise MediaBusy
                finally:
                    self._patient -= 1
            self._busy += 1
        try:
            yield
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify()

    def _wait(self, seconds: float) -> bool:
        return self._free.wait_for(lambda: self._busy < self._most, seconds)

    def close(self) -> None:
        with self._free:
            while self._idle:
                self._idle.pop().stop()


_pool = _Pool(2)


def configure(*, helpers: int) -> None:
    """How many files this process may have looked at at once."""
    global _pool
    _pool.close()
    _pool = _Pool(helpers)


def ask(call: str, *, path: Path, **arguments: Any) -> tuple[dict[str, Any], bytes]:
    """What a helper finds; see ``helper.py`` for the calls. Raises MediaError and MediaBusy."""
    # It may take a minute: whoever may not wait so long listens for this.
    sys.audit("studio.media.ask", call)
    cpu_seconds, wall_seconds = _STILL_SECONDS if call == "still" else (CPU_SECONDS, WALL_SECONDS)
    limits = {"cpu_seconds": cpu_seconds, "wall_seconds": wall_seconds}
    question = {"call": call, "path": str(path.absolute()), **limits, **arguments}
    try:
        answer, payload = _pool.ask(question)
    except _Died as death:
        logger.warning("A media helper died with status %s over %s", death.status, call)
        raise _refusal(death.status) from None
    if trace := answer.get("unexpected"):
        logger.warning("A media helper failed over %s:\n%s", call, trace)
    if refused := answer.get("error"):
        raise MediaError(refused["message"], code=refused["code"])
    return answer["found"], payload


def _refusal(status: int) -> MediaError | MediaBusy:
    if status == -signal.SIGXCPU:
        return MediaError("It takes too long to read this file: it is damaged or made to.", code="too_costly")
    if -status in _CRASHES:
        return MediaError("The file is damaged and can't be read.", code="not_media")
    return MediaBusy()


def _forget() -> None:
    """A forked process has no helpers: those it knows of answer to its parent."""
    global _pool
    _pool = _Pool(_pool._most)


os.register_at_fork(after_in_child=_forget)
atexit.register(lambda: _pool.close())
