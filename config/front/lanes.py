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
"""Requests that may be in a lane; whoever comes then is told to come back."""
HASHES_WAITING = 32
"""The same, where one takes the machine a quarter of a second: nobody waits for more than about ten."""

_UPLOADS = re.compile(
    r"(PUT|POST) /(uploads/|api/(upload|videos|ai-jobs|generate|finalize|files/\d+/complete"
    r"|v1/deforum-settings|v1/schedules)$)"
)
_PASSWORDS = re.compile(
    r"(POST|PATCH|PUT) /(api/(((v2|auth)/)?(login|register|me|reset-password|password-reset)|auth/two-factor/.*"
    r"|me/delete|administration/.*|tenant/invitations/accept)"
    r"|admin/(login|password|security|accounts/user)(_|\b).*|reset-password|invitation)/?$"
)
_EXPORTS = re.compile(r"POST /admin/\w+/\w+/export/\w+/$")


class Lane:
    """So many threads, and those who wait for one, ``waiting`` of both together."""

    def __init__(self, name: str, threads: int, waiting: int = WAITING) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._room = waiting
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Raises Refused when too many wait already."""
        if self._waiting >= self._room:
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
        self._passwords = Lane("password", passwords, HASHES_WAITING)
        # Whole lists, a part at a time: several take turns.
        self._exports = Lane("export", 1)

    def of(self, method: str, path: str) -> Lane:
        if method == "GET":
            return self._others
        if _EXPORTS.match(f"{method} {path}"):
            return self._exports
        if _UPLOADS.match(f"{method} {path}"):
            return self._uploads
        # A hash takes a quarter of a second and 100 MiB.
        return self._passwords if _PASSWORDS.match(f"{method} {path}") else self._others
