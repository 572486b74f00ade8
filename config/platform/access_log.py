"""One line per answered request: method, path, status, milliseconds, bytes; who asked is in the line's context.

Without the query and without what links carry in their path: both may let somebody in.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from config.platform.logs import HIDDEN

logger = logging.getLogger("access")

LONGEST_SEGMENT = 36
"""Of a UUID. What is longer, or holds a signature's colon or a mail address, is not for the log."""


class AccessLogMiddleware:
    """Belongs right inside ``RequestIdMiddleware``. ``ACCESS_LOG=false`` takes it out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.ACCESS_LOG:
            raise MiddlewareNotUsed
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # What the front refuses has come before it was shown to anybody.
        began = request.META.get("front.began") or time.perf_counter()
        response = self._get_response(request)
        log_answer(request.method or "", request.path, response.status_code, began, _bytes(response))
        return response


def log_answer(method: str, path: str, status: int, began: float, length: int | None) -> None:
    """Write the line of one answer. began: of ``time.perf_counter``; length: of its body, None if nobody knows it."""
    fields = {
        "method": method,
        "path": loggable(path),
        "status": status,
        "ms": round(1000 * (time.perf_counter() - began), 1),
        "bytes": length,
    }
    logger.info("%(method)s %(path)s %(status)s %(ms)s ms %(bytes)s bytes", fields, extra={"fields": fields})


def loggable(path: str) -> str:
    """The path with what may be a secret hidden, and on one line."""
    return "/".join(
        HIDDEN if _is_secret(segment) else re.sub(r"[^\x21-\x7e]", "?", segment) for segment in path.split("/")
    )


def _is_secret(segment: str) -> bool:
    return len(segment) > LONGEST_SEGMENT or ":" in segment or "@" in segment


def _bytes(response: HttpResponse) -> int | None:
    """The length of the body; None for one that nobody knows the end of."""
    if response.streaming:
        length = response.headers.get("Content-Length")
        return int(length) if length else None
    return len(response.content)
