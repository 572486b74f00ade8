"""Processes that hang, and processes on a full disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import ffmpeg as graph
import psutil
import pytest

from studio.rendering.errors import Stalled
from studio.rendering.media import ffmpeg
from studio.rendering.media.child import Child

ENDLESS = graph.input("testsrc2=size=64x64", f="lavfi")


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    ffmpeg.configure(binary=None, idle_seconds=2.0)
    yield
    ffmpeg.configure(binary=None)


def encoder() -> psutil.Process:
    """The one ffmpeg that works for this process; helpers that other tests have asked may be there as well."""
    (found,) = (child for child in psutil.Process().children() if "ffmpeg" in child.name())
    return found


def drain(process: ffmpeg.Process, frame: memoryview) -> None:
    while process.read_into(frame):
        pass


def test_a_stopped_ffmpeg_is_not_waited_for() -> None:
    with ffmpeg.Process(ENDLESS.output("pipe:", f="null")) as process:
        encoder().suspend()
        with pytest.raises(Stalled):
            process.wait()
        assert not process.running


def test_a_stopped_ffmpeg_is_not_read_from_for_ever() -> None:
    with ffmpeg.Process(ENDLESS.output("pipe:", f="rawvideo"), stdout=True) as process:
        frame = memoryview(bytearray(64 * 64 * 3))
        assert process.read_into(frame) > 0
        encoder().suspend()
        with pytest.raises(Stalled):
            drain(process, frame)


def test_a_reader_may_take_its_time() -> None:
    with ffmpeg.Process(ENDLESS.output("pipe:", f="rawvideo"), stdout=True) as process:
        frame = memoryview(bytearray(64 * 64 * 3))
        child = encoder()
        process.read_into(frame)
        # Until it waits for us: its pipe is full.
        while child.status() != psutil.STATUS_SLEEPING:
            os.sched_yield()
        assert process.read_into(frame) > 0


def test_a_wrapper_works_while_what_it_started_does() -> None:
    script = "python3 -c 'import time; end = time.process_time() + 4.5\nwhile time.process_time() < end: pass' & wait"
    with Child(["sh", "-c", script], stdin=False, stdout=False, idle_seconds=2.0) as process:
        process.wait()


def test_a_full_disk_is_no_fault_of_the_video(tmp_path: Path) -> None:
    full = graph.output(graph.input("testsrc2=size=64x64:duration=1", f="lavfi"), "/dev/full", f="rawvideo")
    with pytest.raises(OSError, match="No space left on device"):
        ffmpeg.run(full)


def test_a_file_beyond_the_machines_limit_is_no_fault_of_the_video(tmp_path: Path) -> None:
    output = graph.output(
        graph.input("testsrc2=size=640x480:duration=60", f="lavfi"), str(tmp_path / "x"), f="rawvideo"
    )
    with ffmpeg.Process(output) as process:
        child = encoder()
        child.rlimit(psutil.RLIMIT_FSIZE, (4096, 4096))
        with pytest.raises(OSError, match="File too large"):
            process.wait()
