"""The supervisor with real processes: order, restarts, leftovers, and its own sudden death."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from config.stack import supervisor as supervisor_module
from config.stack.heartbeats import HeartbeatWatch, heartbeat_file
from config.stack.logs import LINE_BYTES, Log
from config.stack.programs import Program
from config.stack.supervisor import ProgramFailed, Supervisor
from tests.waiting import until_ended


def python(name: str, code: str, **options) -> Program:
    return Program(name, [sys.executable, "-u", "-c", textwrap.dedent(code)], **options)


class Watched(Log):
    """A log that a test can wait on."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())
        self.lines: list[tuple[str, str]] = []
        self._changed = asyncio.Event()

    def say(self, name: str, text: str) -> None:
        # Without the time, which differs.
        self.line(name, text)

    def line(self, name: str, text: str) -> None:
        if not text.startswith("started ("):
            self.lines.append((name, text))
            self._changed.set()

    async def until(self, condition: Callable[[list[tuple[str, str]]], bool]) -> None:
        while not condition(self.lines):
            self._changed.clear()
            await self._changed.wait()


SERVICE = """
    import os, signal, sys
    signal.signal(signal.SIGTERM, lambda *_: (print("stopped"), sys.exit()))
    print("up", os.getpid())
    while True:
        signal.pause()
"""


def test_stops_in_the_reverse_order_of_the_start() -> None:
    async def scenario() -> list[tuple[str, str]]:
        log = Watched()
        supervisor = Supervisor(log)
        for number, name in enumerate(["database", "worker", "web"], start=1):
            supervisor.start(python(name, SERVICE))
            await log.until(lambda lines, number=number: len(lines) == number)
        await supervisor.stop()
        return log.lines

    lines = asyncio.run(scenario())
    assert [name for name, text in lines if text.startswith("up")] == ["database", "worker", "web"]
    assert [name for name, text in lines if text == "stopped"] == ["web", "worker", "database"]


def test_a_crashed_program_starts_again_later_each_time() -> None:
    async def scenario() -> list[str]:
        log = Watched()
        supervisor = Supervisor(log)
        supervisor.start(python("worker", "raise SystemExit(3)"))
        await log.until(lambda lines: len(lines) == 3)
        await supervisor.stop()
        return [text for _, text in log.lines]

    assert asyncio.run(scenario()) == [
        f"ended by itself (status 3); starts again in {delay:g} s"
        for delay in (supervisor_module.FIRST_DELAY_SECONDS * factor for factor in (1, 2, 4))
    ]


def test_what_a_crashed_program_leaves_is_killed_before_the_restart() -> None:
    code = """
        import os, signal, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        print(child.pid)
        os.kill(os.getpid(), signal.SIGKILL)
    """

    async def scenario() -> tuple[int, str]:
        log = Watched()
        supervisor = Supervisor(log)
        supervisor.start(python("web", code))
        await log.until(lambda lines: len(lines) >= 2)
        await supervisor.stop()
        return int(log.lines[0][1]), log.lines[1][1]

    child, message = asyncio.run(scenario())
    assert message.startswith("ended by itself (signal SIGKILL)")
    until_ended(child)


def test_a_program_that_ignores_the_stop_is_killed_after_its_grace() -> None:
    code = """
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf")
        while True:
            signal.pause()
    """

    async def scenario() -> list[tuple[str, str]]:
        log = Watched()
        supervisor = Supervisor(log)
        supervisor.start(python("web", code, grace_seconds=0.2))
        await log.until(lambda lines: len(lines) == 1)
        await supervisor.stop()
        return log.lines

    assert asyncio.run(scenario()) == [("web", "deaf"), ("web", "does not stop after 0.2 s: killed")]


def test_a_program_run_once_must_end_well() -> None:
    async def scenario(code: str) -> list[tuple[str, str]]:
        log = Watched()
        await Supervisor(log).run(python("migrate", code))
        return log.lines

    assert asyncio.run(scenario("print('done')")) == [("migrate", "done")]
    with pytest.raises(ProgramFailed, match=r"migrate failed \(status 2\)"):
        asyncio.run(scenario("raise SystemExit(2)"))


def test_lines_are_prefixed_whole_and_bounded() -> None:
    code = f"""
        import sys
        sys.stdout.write("10%\\r50%\\r100%\\n")
        sys.stdout.write("x" * {LINE_BYTES + 10} + "\\n")
        sys.stdout.buffer.write(b"\\xff no newline")
    """

    async def scenario() -> str:
        stream = io.StringIO()
        await Supervisor(Log(stream)).run(python("render-1", code))
        return stream.getvalue()

    lines = asyncio.run(scenario()).splitlines()
    assert all(line.startswith("render-1   | ") for line in lines)
    texts = [line.removeprefix("render-1   | ") for line in lines]
    assert texts[0] == "100%"
    assert "".join(texts[1:-1]) == "x" * (LINE_BYTES + 10)
    assert texts[-1] == "\N{REPLACEMENT CHARACTER} no newline"


def test_no_program_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = f"""
        import asyncio, sys
        from config.stack.logs import Log
        from config.stack.programs import Program
        from config.stack.supervisor import Supervisor
        async def main():
            supervisor = Supervisor(Log(sys.stdout))
            supervisor.start(Program("service", [sys.executable, "-u", "-c", {textwrap.dedent(SERVICE)!r}]))
            await asyncio.Event().wait()
        asyncio.run(main())
    """
    parent = subprocess.Popen([sys.executable, "-u", "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        parent.stdout.readline()
        service = int(parent.stdout.readline().split()[-1])
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    until_ended(service)


def test_a_program_that_hangs_is_started_again(tmp_path: Path) -> None:
    file, healthy = (heartbeat_file(tmp_path, part) for part in ("service", "healthy"))
    file.parent.mkdir()
    hangs_once = f"""
        import os, pathlib, signal, time
        beat = pathlib.Path({str(file)!r})
        beat.touch()
        first = not pathlib.Path({str(tmp_path)!r}, "was here").exists()
        pathlib.Path({str(tmp_path)!r}, "was here").touch()
        due = time.time() + (0 if first else 600)
        os.utime(beat, (due, due))
        # Another part of the same program, which is well.
        pathlib.Path({str(healthy)!r}).touch()
        os.utime({str(healthy)!r}, (time.time() + 600, time.time() + 600))
        print("up")
        os.kill(os.getpid(), signal.SIGSTOP) if first else signal.pause()
    """

    async def scenario() -> list[str]:
        log = Watched()
        supervisor = Supervisor(log)
        supervisor.start(python("service", hangs_once, heartbeat=HeartbeatWatch(healthy, file)))
        await log.until(lambda lines: [text for _, text in lines].count("up") == 2)
        await supervisor.stop()
        return [text for _, text in log.lines]

    lines = asyncio.run(scenario())
    assert lines[:2] == ["up", "gives no sign of life: killed"]
    assert lines[2].startswith("ended by itself (signal SIGKILL)")


def test_a_stop_waits_for_no_stranger_and_no_stopped_program() -> None:
    # A grandchild in a session of its own keeps the pipe, and the program itself is past hearing any signal.
    stopped = """
        import os, signal, subprocess, sys
        stranger = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
        print("up", stranger.pid)
        os.kill(os.getpid(), signal.SIGSTOP)
    """

    async def scenario() -> int:
        log = Watched()
        supervisor = Supervisor(log)
        supervisor.start(python("service", stopped, grace_seconds=0.2))
        await log.until(lambda lines: len(lines) == 1)
        await supervisor.stop()
        return int(log.lines[0][1].split()[1])

    os.kill(asyncio.run(scenario()), signal.SIGKILL)
