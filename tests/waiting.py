"""Waiting for what another process does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.05


def until(answer: Callable[[], T | None], what: str, seconds: float = 90.0) -> T:
    """The first answer that is true; fails, naming ``what``, when there is none in time."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while not (found := answer()):
        assert time.monotonic() < deadline, f"In {seconds:g} s there was no {what}"
        pause.wait(_PAUSE_SECONDS)
    return found
