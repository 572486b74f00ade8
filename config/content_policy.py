"""What the browser lets our own pages do: run our own script files, and show files from us and from our storage."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.storage import default_storage


def content_policy(*, blobs: bool = False, forms: bool = False) -> str:
    """A Content-Security-Policy for a page without inline code. ``blobs``: it shows files that its script has made.

    ``forms``: the browser sends its forms, to us; otherwise script reads them and none is ever sent.
    """
    media = " ".join(["'self'", *(["blob:"] if blobs else []), *_storage_origin()])
    return "; ".join(
        [
            "default-src 'self'",
            f"img-src {media}",
            f"media-src {media}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'" if forms else "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _storage_origin() -> list[str]:
    """Where S3 serves our files from; nothing for local files, which this site serves itself."""
    if not settings.S3_BUCKET:
        return []
    address = urlsplit(default_storage.url("origin"))
    return [f"{address.scheme}://{address.netloc}"]
