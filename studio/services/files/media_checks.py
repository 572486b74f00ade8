"""Looking at files during a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from config.api.errors import DomainError
from studio.rendering.errors import MediaBusy

_RETRY_SECONDS = 5


@contextmanager
def looking() -> Iterator[None]:
    """Too many files at once are the server's matter, not the file's: 503 ``media_busy``, and when to come again."""
    try:
        yield
    except MediaBusy as error:
        headers = {"Retry-After": str(_RETRY_SECONDS)}
        raise DomainError(error.code, error.message, 503, headers=headers) from error
