"""Passwords that are known to thieves."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError


class BreachedPasswordValidator:
    """Refuses passwords in ``BREACHED_PASSWORDS_FILE``: sorted upper-case SHA-1 digests, one ``digest:count`` per line.

    That is the download format of Have I Been Pwned; the file is searched by bisection, whatever its size.
    """

    def validate(self, password: str, user: object = None) -> None:
        if settings.BREACHED_PASSWORDS_FILE and _is_listed(Path(settings.BREACHED_PASSWORDS_FILE), password):
            raise ValidationError("This password has appeared in a data breach.", code="password_breached")

    def get_help_text(self) -> str:
        return "Your password can't be one that has appeared in a data breach."


def _is_listed(path: Path, password: str) -> bool:
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    low, high = 0, path.stat().st_size
    with path.open("rb") as file:
        # The first line that starts at or after ``low`` is the answer when the bounds meet.
        while low < high:
            middle = (low + high) // 2
            line = _line_from(file, middle)
            if line and line[:40] < wanted:
                low = middle + 1
            else:
                high = middle
        return _line_from(file, low)[:40] == wanted


def _line_from(file: BinaryIO, offset: int) -> bytes:
    """The first whole line that starts at ``offset`` or later; empty at the end."""
    file.seek(max(offset - 1, 0))
    if offset:
        file.readline()
    return file.readline().strip()
