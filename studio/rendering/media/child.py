"""A program that works for us in a process of its own, and is not waited for when it hangs."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Self

import psutil

from studio.rendering.errors import RenderError, Stalled

PIPE_BYTES = 1 << 20

_ERROR_LINES = 40
_LOOK_SECONDS = 1.0
"""Between two looks at a process that is waited for."""
_DISK_ERRORS = {os.strerror(number): number for number in (errno.ENOSPC, errno.EDQUOT)}


class FfmpegError(RenderError):
    """ffmpeg refused or died; its last lines are attached as a note for the log, never shown to the user."""

    code = "media_failed"

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log
        if log:
            self.add_note(log)


class Child:
    """A running program. Its messages go to a file, so it never blocks on a full pipe that nobody reads.

    Whoever waits for it waits as long as it works: one that is stopped, or stuck on a disk that is gone, is killed and
    raises Stalled.
    """

    def __init__(self, command: Sequence[str], *, stdin: bool, stdout: bool, idle_seconds: float) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process, closed by kill
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdout else subprocess.DEVNULL,
            stderr=self._log,
            bufsize=0,
            pipesize=PIPE_BYTES,
        )
        self._idle_seconds = idle_seconds
        self.stdin = self._process.stdin
        self.stdout = self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self, message: str = "The video could not be processed.") -> None:
        """Wait for the end; raises :class:`FfmpegError` with ``message`` unless it succeeded, OSError if the disk is
        full.
        """
        if self.stdin:
            self.stdin.close()
        watch = _Watch(self._process, self._idle_seconds)
        while True:
            try:
                code = self._process.wait(_LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                watch.look()
        log = self._read_log()
        if code == -signal.SIGXFSZ:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        if code:
            for words, number in _DISK_ERRORS.items():
                if words in log:
                    raise OSError(number, words)
            raise FfmpegError(message, log or f"ffmpeg exit status {code}")

    def read_into(self, buffer: memoryview) -> int:
        """Fill the buffer with what it writes to ``pipe:``, as far as there is any now; 0 at the end."""
        assert self.stdout
        pipe, watch = select.poll(), _Watch(self._process, self._idle_seconds)
        pipe.register(self.stdout, select.POLLIN)
        while not pipe.poll(_LOOK_SECONDS * 1000):
            watch.look()
        return self.stdout.readinto(buffer)  # type: ignore[attr-defined]

    def kill(self) -> None:
        """End it now, finished or not, and release the pipes. Safe to call twice."""
        if self.running:
            self._process.kill()
        self._process.wait()
        for pipe in (self.stdin, self.stdout, self._log):
            if pipe:
                pipe.close()

    def _read_log(self) -> str:
        self._log.seek(0)
        return "\n".join(self._log.read().decode(errors="replace").splitlines()[-_ERROR_LINES:])


class _Watch:
    """Tells a process that works from one that hangs, by its processor time: little on a busy machine, but not none.

    What the process has started, as a wrapper script does, works for it.
    """

    def __init__(self, process: subprocess.Popen[bytes], idle_seconds: float) -> None:
        self._process, self._idle_seconds = process, idle_seconds
        self._used, self._since = -1.0, time.monotonic()

    def look(self) -> None:
        """Kill it and raise Stalled if it has done nothing for too long."""
        now, used = time.monotonic(), processor_seconds(self._process.pid)
        if used > self._used:
            self._used, self._since = used, now
        elif now - self._since >= self._idle_seconds:
            self._process.kill()
            # One that is stuck in the kernel ends when it gets out.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LOOK_SECONDS)
            raise Stalled("The video could not be processed: the encoder hangs.")


def processor_seconds(pid: int) -> float:
    """Processor time that a process and those below it have had so far."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                total += times.user + times.system
    return total
