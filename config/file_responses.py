"""Stored files over HTTP, with Range so that a ``<video>`` can seek."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

_CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


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
    """A blob of the default storage: 206 for one byte range, 416 for a range outside it, 304 for one that is known.

    etag: without quotes; it must change with the content.
    """
    etag = f'"{etag}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag, "Cache-Control": cache_control})
    # A range of a version that is no more would splice two files.
    asked = request.headers.get("Range") if request.headers.get("If-Range", etag) == etag else None
    span = _span(asked, size)
    if span is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, stop = span
    body: Iterator[bytes] = iter(())
    if request.method != "HEAD":
        body = _read(storage_key, start, stop)
    response = StreamingHttpResponse(body, status=206 if asked and (start, stop) != (0, size) else 200)
    response["Content-Type"] = mime_type
    response["Content-Length"] = str(stop - start)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Cache-Control"] = cache_control
    # Whatever was uploaded is never run as a page of ours.
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    disposition = content_disposition_header(attachment, filename) if filename else None
    if disposition:
        response["Content-Disposition"] = disposition
    # The front lets the server send it (config.front), which needs no thread however slow the reader is.
    response.file_span = _local_span(storage_key, start, stop)  # type: ignore[attr-defined]
    if response.status_code == 206:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    """The half-open byte span of a Range header; all of the file without one; None when it lies outside."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return (size - length, size) if length else None
    start, stop = int(first), min(int(last) + 1, size) if last else size
    return (start, stop) if start < stop else None


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
