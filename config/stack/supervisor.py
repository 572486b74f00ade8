"""Keeps programs running until told to stop.

Started in stages, stopped in the reverse order. A program that ends by itself is started again, later each time. What
it leaves in its process group is killed first, so a crashed server frees its port. One that gives no sign of life any
more, though it should, is killed, which ends it like any other.
"""

import asyncio
import os
import signal
import time
from contextlib import suppress
from typing import Self

from config.stack.heartbeats import HeartbeatWatch
from config.stack.logs import Log
from config.stack.programs import Program, kill_group

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
LOOK_SECONDS = 1.0
"""Between two looks for a sign of life. Two in a row must miss it: the machine may just have slept."""
OUTPUT_SECONDS = 5.0
"""How long the last output of an ended program is waited for: a stranger may hold its pipe."""
HEALTHY_SECONDS = 20.0
"""A program that ran this long has recovered: its next restart is quick again."""


class ProgramFailed(RuntimeError):
    """A program that had to end well did not."""


class Supervisor:
    """Use it inside one running event loop, in the main thread (see ``Program.start``)."""

    def __init__(self, log: Log):
        self._log = log
        self._stages: list[list[_Keeper]] = []

    def start(self, *programs: Program) -> None:
        """Keep these running from now on; together they are one stage of the stop."""
        self._stages.append([_Keeper(program, self._log) for program in programs])

    async def run(self, program: Program) -> None:
        """Run one program to its end. Raises ProgramFailed unless that is status 0; killed if cancelled."""
        run = await _Run.start(program, self._log)
        status = await run.finish()
        if status != 0:
            raise ProgramFailed(f"{program.name} failed ({_describe(status)}).")

    async def stop(self) -> None:
        """Stop every program, the last started stage first."""
        while self._stages:
            await asyncio.gather(*(keeper.stop() for keeper in self._stages.pop()))

    def kill(self) -> None:
        """End every program now, without a goodbye; ``stop`` then only collects them."""
        for keeper in (keeper for stage in self._stages for keeper in stage):
            keeper.kill()


class _Run:
    """One process from start to end."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process, copying: asyncio.Task[None]):
        self.program, self.process, self._copying = program, process, copying

    @classmethod
    async def start(cls, program: Program, log: Log) -> Self:
        # A pipe of our own: asyncio's would make wait() wait for every grandchild that holds it.
        output, theirs = os.pipe()
        copying = asyncio.create_task(log.copy(program.name, output))
        try:
            process = await asyncio.create_subprocess_exec(
                *program.command(),
                env=program.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs,
                stderr=asyncio.subprocess.STDOUT,
                process_group=0,
            )
        finally:
            os.close(theirs)
        return cls(program, process, copying)

    def signal_stop(self) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(self.program.stop_signal)

    def kill(self) -> None:
        kill_group(self.process.pid)

    async def finish(self) -> int:
        """Wait for the end and clean up behind it; the exit status, negative for a signal."""
        try:
            return await self.process.wait()
        finally:
            self.kill()
            await self.process.wait()
            await asyncio.wait([self._copying], timeout=OUTPUT_SECONDS)
            self._copying.cancel()


class _Keeper:
    """Keeps one program running."""

    def __init__(self, program: Program, log: Log):
        self._program, self._log = program, log
        self._stopping = asyncio.Event()
        self._run: _Run | None = None
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        self._stopping.set()
        if self._run is not None:
            self._run.signal_stop()
        done, _ = await asyncio.wait([self._task], timeout=self._program.grace_seconds)
        if not done:
            self._log.say(self._program.name, f"does not stop after {self._program.grace_seconds:g} s: killed")
            self.kill()
        await self._task

    def kill(self) -> None:
        self._stopping.set()
        if self._run is not None:
            self._run.kill()

    async def _keep(self) -> None:
        delay = FIRST_DELAY_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                ending = f"ended by itself ({_describe(await self._once())})"
            except OSError as error:
                # No process or no memory to be had just now.
                ending = f"can't be started ({error})"
            if self._stopping.is_set():
                return
            if time.monotonic() - began > HEALTHY_SECONDS:
                delay = FIRST_DELAY_SECONDS
            self._log.say(self._program.name, f"{ending}; starts again in {delay:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
            delay = min(2 * delay, LONGEST_DELAY_SECONDS)

    async def _once(self) -> int:
        """One run from start to end; its exit status."""
        watch = self._program.heartbeat
        if watch is not None:
            watch.begin()
        run = self._run = await _Run.start(self._program, self._log)
        self._log.say(self._program.name, f"started (process {run.process.pid})")
        if self._stopping.is_set():
            run.signal_stop()
        watching = asyncio.create_task(self._watch(run, watch)) if watch is not None else None
        try:
            return await run.finish()
        finally:
            self._run = None
            if watching is not None:
                watching.cancel()

    async def _watch(self, run: _Run, watch: HeartbeatWatch) -> None:
        misses = 0
        while misses < 2:
            await asyncio.sleep(LOOK_SECONDS)
            misses = misses + 1 if watch.is_late() else 0
        self._log.say(self._program.name, "gives no sign of life: killed")
        run.kill()


def _describe(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
