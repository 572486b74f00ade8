"""Thumbnails and preview clips of effects: public files whose name tells their content, so they are cached for good."""

from __future__ import annotations

import re
from typing import Final

MIME_TYPES: Final = {"jpg": "image/jpeg", "mp4": "video/mp4"}

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}-[0-9a-f]{12}\.(?:jpg|mp4)")


def preview_name(slug: str, sha256: str, suffix: str) -> str:
    """``oil-painting-0123456789ab.jpg``: another content is another name."""
    return f"{slug}-{sha256[:12]}.{suffix}"


def preview_url(name: str) -> str:
    return f"/effects/media/{name}"


def storage_key(name: str) -> str | None:
    """Where the file lies in the storage; None for a name that is no preview's."""
    return f"public/effects/{name}" if _NAME.fullmatch(name) else None


def mime_type(name: str) -> str:
    return MIME_TYPES[name.rpartition(".")[2]]
