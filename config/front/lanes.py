"""The threads that run Django, in lanes: what is heavy waits for its own kind alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from config.front.bodies import Refused

T = TypeVar("T")

WAITING = 256
"""Requests that may wait for a lane; whoever comes then is told to come back."""

_UPLOADS = re.compile(
    r"(PUT|POST) /(uploads/|api/(upload|videos|ai-jobs|generate|finalize|files/\d+/complete|v1/deforum-settings)$)"
)
_PASSWORDS = re.compile(
    r"(POST|PATCH|PUT) /(api/((v2/)?auth/|login|register|me|administration/)|admin/(login|password|security))"
)


class Lane:
    """So many threads, and those who wait for one."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Raises Refused when too many wait already."""
        if self._waiting >= WAITING:
            raise Refused(503, "busy", "Too many requests at this moment; try again soon")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


class Lanes:
    """Which request takes which lane."""

    def __init__(self, *, threads: int, uploads: int, passwords: int) -> None:
        self._others = Lane("web", threads)
        self._uploads = Lane("upload", uploads)
        self._passwords = Lane("password", passwords)

    def of(self, method: str, path: str) -> Lane:
        if method == "GET":
            return self._others
        if _UPLOADS.match(f"{method} {path}"):
            return self._uploads
        # A hash takes a quarter of a second and 100 MiB.
        return self._passwords if _PASSWORDS.match(f"{method} {path}") else self._others
