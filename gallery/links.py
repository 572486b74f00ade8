"""Addresses of a public item's files.

They are short, the same for everyone and without a signature: whether the item is public is asked of the database each
time, so what moderators hide is gone with its files, and a link in a page or a chat works for as long as the item does.
"""

from __future__ import annotations

from typing import Final

from config.platform.links import public_url

FILES: Final = {
    "video": ("video.mp4", "processed_file"),
    "thumbnail": ("thumbnail.jpg", "thumbnail_file"),
    "poster": ("poster.jpg", "poster_file"),
}
"""Part of an item -> the name in its address, and the column."""

COLUMNS: Final = dict(FILES.values())
"""Name in the address -> column."""


def media_url(item_id: int, part: str) -> str:
    """Whole, for the answers it stands in are kept for everyone."""
    return public_url(f"/gallery/media/{item_id}/{FILES[part][0]}")
