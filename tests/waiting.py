"""Waiting for what another process does."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from typing import TypeVar

from tests.patience import PAUSE_SECONDS, Patience

T = TypeVar("T")


def until(answer: Callable[[], T | None], what: str, seconds: float = 90.0) -> T:
    """The first answer that is true; fails, naming ``what``, when patience for so many seconds is exhausted."""
    pause = threading.Event()
    patience = Patience(seconds)
    while not (found := answer()):
        assert not patience.exhausted, f"In {seconds:g} s there was no {what}"
        pause.wait(PAUSE_SECONDS)
    return found


def until_ended(pid: int, seconds: float = 60.0) -> None:
    """Wait for the end of a process, a child or not; fails when it lives on. An unreaped zombie has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(descriptor) as process:
        until(lambda: select.select([process], [], [], 0)[0], f"end of process {pid}", seconds)
