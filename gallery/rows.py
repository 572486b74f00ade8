"""What the API says of gallery items: document B's words, and what the page needs beside them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict

from config.platform.columns import Columns
from gallery.links import media_url
from gallery.models import GalleryItem
from studio.models import Video
from studio.rows.videos import VIDEO_WORDS

LISTED = (
    "id", "title", "thumbnail_file_id", "effect_id", "effect_name", "effect_slug", "published_at", "width", "height",
    "duration", "views", "likes", "popularity", "owner_name",
)  # fmt: skip
"""Columns of one list item."""


class EffectNameRow(TypedDict):
    id: int | None
    name: str
    slug: str


class GalleryItemRow(TypedDict):
    id: int
    title: str | None
    thumbnail_url: str | None
    processed_file_url: str
    effect: EffectNameRow | None
    published_at: datetime
    author: str
    width: int | None
    height: int | None
    duration: Annotated[float | None, "Seconds."]
    views: int
    likes: int


def listed_row(row: Columns) -> GalleryItemRow:
    """One ``values()`` row of ``LISTED``."""
    pk = row["id"]
    return {
        "id": pk,
        "title": row["title"] or None,
        "thumbnail_url": media_url(pk, "thumbnail") if row["thumbnail_file_id"] else None,
        "processed_file_url": media_url(pk, "video"),
        "effect": _effect(row["effect_id"], row["effect_name"], row["effect_slug"]),
        "published_at": row["published_at"],
        "author": row["owner_name"],
        "width": row["width"],
        "height": row["height"],
        "duration": row["duration"],
        "views": row["views"],
        "likes": row["likes"],
    }


class CategoryNameRow(TypedDict):
    id: int | None
    name: str


class GalleryDetailRow(GalleryItemRow):
    poster_url: str | None
    category: CategoryNameRow | None
    tags: list[str]
    liked: Annotated[bool, "By the caller; false for anonymous ones."]


def item_row(item: GalleryItem, *, liked: bool) -> GalleryDetailRow:
    """The detail of an item."""
    return {
        **listed_row({name: getattr(item, name) for name in LISTED}),
        "poster_url": media_url(item.pk, "poster") if item.poster_file_id else None,
        "category": {"id": item.category_id, "name": item.category_name} if item.category_name else None,
        "tags": item.tags,
        "liked": liked,
    }


class LikeAnswer(TypedDict):
    id: int
    liked: bool
    likes: int


class ReportAnswer(TypedDict):
    id: int
    reason: str


class PublishedVideoRow(TypedDict):
    id: int
    title: str | None
    status: Annotated[str, tuple(dict.fromkeys(VIDEO_WORDS.values()))]
    is_published: bool
    published_at: datetime | None


def published_video_row(video: Video, published_at: datetime | None) -> PublishedVideoRow:
    """Whether the video is in the gallery."""
    return {
        "id": video.pk,
        "title": video.title or None,
        "status": VIDEO_WORDS[video.status],
        "is_published": published_at is not None,
        "published_at": published_at,
    }


def _effect(pk: int | None, name: str, slug: str) -> EffectNameRow | None:
    """The effect as it was called at publication; None for a video made without one."""
    return {"id": pk, "name": name, "slug": slug} if slug else None
