"""Whole addresses: what the API says of our own files, a program elsewhere must be able to fetch.

An answer made for one request names the host by which that request reached us (``request.build_absolute_uri``);
what is kept for everyone, is pushed, or is mailed names ``PUBLIC_URL``. Both leave addresses elsewhere alone.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

Absolute = Callable[[str], str]
"""Makes a path of ours an address: ``public_url`` or ``request.build_absolute_uri``."""


def public_url(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}" if path.startswith("/") and not path.startswith("//") else path


def own_path(url: str) -> str:
    """The path of an address of ours, which stays true when the product moves; addresses elsewhere as they are."""
    return url.removeprefix(settings.PUBLIC_URL) if url.startswith(f"{settings.PUBLIC_URL}/") else url
