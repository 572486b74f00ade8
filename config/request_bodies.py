"""Bodies as they really arrive: in chunks without a length, or shorter than announced.

Django takes a missing length for an empty body. The server says where a chunked one ends, so it can be read up to a
limit; a short one is known beforehand, a long one streams, with its limit standing in for the length nobody knows.
"""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

KNOWN_BYTES = 64 * 1024
"""A chunked body up to here is read at once, which leaves the connection ready for the next request."""
UPLOAD_PATHS = frozenset({"/api/upload"})
# Their length is part of what was agreed on when their address was given out: 411 without.
_ANNOUNCED = "/uploads/"


class StudioRequest(WSGIRequest):
    """A request whose body ends where it was said to, or is refused."""

    def __init__(self, environ: dict[str, Any]) -> None:
        chunked = "CONTENT_LENGTH" not in environ and environ.get("HTTP_TRANSFER_ENCODING", "").lower().endswith(
            "chunked"
        )
        stream = _chunked_body(environ) if chunked and environ.get("wsgi.input_terminated") else None
        super().__init__(environ)
        length = environ.get("CONTENT_LENGTH") or ""
        if stream is None and length.isdigit():
            stream = WholeBody(environ["wsgi.input"], int(length))
        if stream is not None:
            self._stream = stream


class StudioHandler(WSGIHandler):
    request_class = StudioRequest


class WholeBody:
    """Exactly so many bytes; an OSError, which Django takes for an unreadable body, where they end early."""

    def __init__(self, source: Any, length: int) -> None:
        self._source = source
        self._left = length

    def read(self, size: int | None = -1) -> bytes:
        return self._taken(self._source.read, size)

    def readline(self, size: int | None = -1) -> bytes:
        return self._taken(self._source.readline, size)

    def _taken(self, read: Any, size: int | None) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        data: bytes = read(wanted) if wanted else b""
        if wanted and not data:
            raise OSError("The body is shorter than announced")
        self._left -= len(data)
        return data


class ChunkedBody(io.RawIOBase):
    """What of a chunked body has been read and what follows, up to ``limit`` bytes.

    Raises RequestDataTooBig beyond it, and OSError where a form in parts ends before its last boundary: a connection
    that breaks looks like the end.
    """

    def __init__(self, begun: bytes, source: Any, *, limit: int, boundary: bytes) -> None:
        self._begun = io.BytesIO(begun)
        self._source = source
        self._left = limit
        self._end = b"--" + boundary + b"--" if boundary else b""
        self._tail = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data: bytes = self._begun.read(len(buffer)) or self._source.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise RequestDataTooBig("The body is larger than what this address takes")
        if not data and self._end not in self._tail:
            raise OSError("The body ends before its last boundary")
        self._tail = (self._tail + data)[-len(self._end) - 1024 :]
        buffer[: len(data)] = data
        return len(data)


def _chunked_body(environ: dict[str, Any]) -> Any:
    """The body, and in the environment its length: the real one, or the most that is read of it."""
    source = environ["wsgi.input"]
    begun = b""
    while len(begun) <= KNOWN_BYTES and (data := source.read(KNOWN_BYTES + 1 - len(begun))):
        begun += data
    if len(begun) > KNOWN_BYTES and environ.get("PATH_INFO", "").startswith(_ANNOUNCED):
        return None
    limit = len(begun) if len(begun) <= KNOWN_BYTES else _limit(environ)
    environ["CONTENT_LENGTH"] = str(limit)
    raw = ChunkedBody(begun, source, limit=limit, boundary=_boundary(environ.get("CONTENT_TYPE", "")))
    return io.BufferedReader(raw, KNOWN_BYTES)


def _limit(environ: dict[str, Any]) -> int:
    fields: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if environ.get("PATH_INFO") not in UPLOAD_PATHS:
        return fields
    return fields + settings.MAX_ATTACHMENT_BYTES + settings.MAX_SOUNDTRACK_BYTES


def _boundary(content_type: str) -> bytes:
    kind, _, rest = content_type.partition(";")
    if kind.strip().lower() != "multipart/form-data":
        return b""
    _, _, value = rest.partition("boundary=")
    return value.partition(";")[0].strip().strip('"').encode("latin-1", "replace")
