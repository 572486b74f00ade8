"""Stored files by RFC 9110: parts, so that a ``<video>`` can seek, and conditions, so that nothing comes twice."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe

_CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes[ \t]*=[ \t,]*([0-9]*)-([0-9]*)[ \t,]*", re.IGNORECASE)
_DIGITS = 18
"""A position with more of them lies behind the end of any file."""


def file_response(
    request: HttpRequest,
    *,
    storage_key: str,
    size: int,
    mime_type: str,
    etag: str,
    cache_control: str,
    filename: str = "",
    attachment: bool = False,
) -> HttpResponseBase:
    """A blob of the default storage: 206 for one byte range, 416 for a range outside it, 304 and 412 by conditions.

    Several ranges at once are answered with the whole file, which the RFC allows: no player asks for them, and they
    multiply what an answer costs. etag: without quotes; it must change with the content.
    """
    etag, modified = f'"{etag}"', default_storage.get_modified_time(storage_key)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": http_date(modified.timestamp()),
        "Cache-Control": cache_control,
    }
    conditional = get_conditional_response(request, etag, int(modified.timestamp()), HttpResponse(headers=headers))
    if conditional is not None and conditional.status_code != 200:
        return conditional
    # For HEAD the RFC knows no ranges. One of a version that is no more would splice two files.
    asked = _RANGE.fullmatch(request.headers.get("Range", "").strip()) if request.method == "GET" else None
    if asked and (asked.groups() == ("", "") or not _is_current(request.headers.get("If-Range"), etag, modified)):
        asked = None
    start, stop = _span(asked[1], asked[2], size) if asked else (0, size)
    if asked and start >= stop:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    body = _read(storage_key, start, stop) if request.method == "GET" else iter(())
    response = StreamingHttpResponse(body, status=206 if asked else 200, headers=headers)
    response["Content-Type"] = mime_type
    response["Content-Length"] = str(stop - start)
    # Whatever was uploaded is never run as a page of ours.
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    disposition = content_disposition_header(attachment, filename) if filename else None
    if disposition:
        response["Content-Disposition"] = disposition
    # The front lets the server send it (config.front), which needs no thread however slow the reader is.
    response.file_span = _local_span(storage_key, start, stop)  # type: ignore[attr-defined]
    if asked:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def _is_current(condition: str | None, etag: str, modified: datetime) -> bool:
    """Whether If-Range allows a part: the same strong tag, or the very same date; an old or unreadable one does not."""
    if condition is None:
        return True
    condition = condition.strip()
    return condition == etag or parse_http_date_safe(condition) == int(modified.timestamp())


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """The half-open span of bytes, empty where it lies outside the file; without ``first`` it is the last so many."""
    end = 10**_DIGITS if len(last) > _DIGITS else int(last or size)
    if not first:
        return max(0, size - end), size
    return 10**_DIGITS if len(first) > _DIGITS else int(first), min(end + 1, size)


def _local_span(storage_key: str, start: int, stop: int) -> tuple[str, int, int] | None:
    """Path and half-open span of a file on this machine; None in a bucket, and for a file that is not there."""
    try:
        path = default_storage.path(storage_key)
    except NotImplementedError:
        return None
    return (path, start, stop) if start < stop and os.path.exists(path) else None


def _read(storage_key: str, start: int, stop: int) -> Iterator[bytes]:
    # Opened here and not by the caller: an answer that nobody reads opens nothing.
    with default_storage.open(storage_key) as handle:
        handle.seek(start)
        while start < stop:
            chunk = handle.read(min(_CHUNK, stop - start))
            if not chunk:
                return
            start += len(chunk)
            yield chunk
