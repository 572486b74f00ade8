"""Limits of tests count what the awaited could have had of the processor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.patience import Alarm, Patience, Stopwatch, processors_per_task
from tests.waiting import until, until_ended

HANGS = """
import threading

def test_that_hangs():
    threading.Event().wait()

def test_after_it():
    pass
"""


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(("share", "lasts"), [(1.0, 10), (0.5, 20), (0.1, 100)])
def test_patience_lasts_longer_the_less_of_the_processor_there_is(share: float, lasts: int) -> None:
    clock = Clock()
    patience = Patience(10, now=clock, share=lambda: share)
    looks = 0
    while not patience.exhausted:
        clock.seconds += 1
        looks += 1
    assert looks >= lasts


def test_busy_neighbours_leave_less_of_the_processor() -> None:
    loops = 4 * len(os.sched_getaffinity(0))
    neighbours = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        until(lambda: processors_per_task() <= 0.5, "busy machine")
    finally:
        for neighbour in neighbours:
            neighbour.kill()
    for neighbour in neighbours:
        neighbour.wait()


def test_a_stopwatch_goes_as_long_as_its_block() -> None:
    with Stopwatch() as watch:
        subprocess.run([sys.executable, "-c", "import threading; threading.Event().wait(0.3)"], check=True)
    assert 0 < watch.seconds < 60


def test_an_alarm_rings_once_and_not_after_it_is_cancelled() -> None:
    rung = threading.Event()
    Alarm(0.01, rung.set)
    assert rung.wait(60)
    late = threading.Event()
    Alarm(0.5, late.set).cancel()
    assert not late.wait(1.5)


def test_a_process_that_ended_is_not_waited_for() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    until_ended(child.pid)
    assert child.wait() == 0
    sleeper = subprocess.Popen(["sleep", "1000"])
    with pytest.raises(AssertionError, match=f"end of process {sleeper.pid}"):
        until_ended(sleeper.pid, seconds=0.01)
    sleeper.kill()
    assert sleeper.wait() == -signal.SIGKILL


def test_a_test_that_hangs_is_ended_and_the_next_one_runs(tmp_path: Path) -> None:
    (tmp_path / "test_hangs.py").write_text(HANGS)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntimeout = 1\n")
    command = ["-p", "conftest", "--rootdir", str(tmp_path), "-c", str(tmp_path / "pytest.ini"), str(tmp_path)]
    ours = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    run = subprocess.run([sys.executable, "-m", "pytest", *command], capture_output=True, text=True, env=ours)
    assert "Timeout (>1.0s)" in run.stdout
    assert "1 failed, 1 passed" in run.stdout
