"""What the API says of videos."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, TypedDict, cast

from config.platform.columns import Columns
from config.platform.links import Absolute
from studio.models import Video
from studio.rows.links import file_link, link_columns, linked

VIDEO_WORDS: Final[dict[str, str]] = {
    Video.Status.UPLOADED: "pending",
    Video.Status.QUEUED: "pending",
    Video.Status.PREVIEW_READY: "pending",
    Video.Status.RUNNING: "processing",
    Video.Status.PAUSED: "processing",
    Video.Status.COMPLETED: "completed",
    Video.Status.FAILED: "failed",
    Video.Status.CANCELLED: "cancelled",
}

VIDEO_COLUMNS: Final = (
    "id", "title", "status", "error", "effect_id", "effect__name", "effect__slug", "created_at", "updated_at", "type",
    "input_payload", "published_at", *link_columns("source", "output"),
)  # fmt: skip

PICTURE_COLUMNS: Final = ("video_id", *link_columns("poster", "thumbnail", "sprite"))


class EffectReferenceRow(TypedDict):
    id: int
    name: str
    slug: str


class RenamedVideoRow(TypedDict):
    id: int
    title: str | None
    status: Annotated[str, tuple(dict.fromkeys(VIDEO_WORDS.values()))]
    created_at: datetime
    updated_at: datetime


class VideoRow(RenamedVideoRow):
    original_file_url: str | None
    processed_file_url: str | None
    error: str | None
    effect: EffectReferenceRow | None
    type: str
    input_payload: dict[str, object]
    is_published: bool
    published_at: datetime | None
    poster_url: str | None
    thumbnail_url: str | None
    sprite_url: str | None


def video_row(video: Columns, pictures: Columns | None, absolute: Absolute) -> VideoRow:
    """A video in full, of ``VIDEO_COLUMNS``, ``with_publication``; the pictures are ``PICTURE_COLUMNS`` of the render
    it shows.
    """
    published_at = video["published_at"]
    return {
        "id": video["id"],
        "title": video["title"] or None,
        "status": VIDEO_WORDS[video["status"]],
        "original_file_url": file_link(linked(video, "source"), absolute),
        "processed_file_url": file_link(linked(video, "output"), absolute),
        "error": video["error"] or None,
        "effect": effect_reference(video),
        "created_at": video["created_at"],
        "updated_at": video["updated_at"],
        "type": video["type"],
        "input_payload": video["input_payload"],
        "is_published": published_at is not None,
        "published_at": published_at,
        "poster_url": file_link(linked(pictures, "poster"), absolute) if pictures else None,
        "thumbnail_url": file_link(linked(pictures, "thumbnail"), absolute) if pictures else None,
        "sprite_url": file_link(linked(pictures, "sprite"), absolute) if pictures else None,
    }


class CreatedVideoRow(RenamedVideoRow):
    effect_id: int
    original_file_id: int | None


def created_video_row(video: Video) -> CreatedVideoRow:
    return {
        "id": video.pk,
        "title": video.title or None,
        "status": VIDEO_WORDS[video.status],
        # It was created with one.
        "effect_id": cast(int, video.effect_id),
        "original_file_id": video.source_id,
        "created_at": video.created_at,
        "updated_at": video.updated_at,
    }


def renamed_video_row(video: Video) -> RenamedVideoRow:
    return {
        "id": video.pk,
        "title": video.title or None,
        "status": VIDEO_WORDS[video.status],
        "created_at": video.created_at,
        "updated_at": video.updated_at,
    }


def effect_reference(row: Columns) -> EffectReferenceRow | None:
    if row["effect_id"] is None:
        return None
    return {"id": row["effect_id"], "name": row["effect__name"], "slug": row["effect__slug"]}
