"""What the API says of videos, their files and their renders, in document B's words and order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, TypedDict, cast

from django.conf import settings

from config.platform.links import Absolute
from studio.models import MediaFile, RenderJob, Video
from studio.models.jobs import dispatch_id
from studio.rows.figures import QueueFiguresRow, queue_row
from studio.rows.links import file_link, link_columns, linked
from studio.services.files.upload_targets import Ticket
from studio.services.jobs.places import QueueFigures

VIDEO_WORDS: Final[dict[str, str]] = {
    Video.Status.UPLOADED: "pending",
    Video.Status.QUEUED: "pending",
    Video.Status.PREVIEW_READY: "pending",
    Video.Status.RUNNING: "processing",
    Video.Status.COMPLETED: "completed",
    Video.Status.FAILED: "failed",
    Video.Status.CANCELLED: "cancelled",
}
JOB_WORDS: Final[dict[str, str]] = {
    RenderJob.Status.QUEUED: "queued",
    RenderJob.Status.RUNNING: "processing",
    RenderJob.Status.COMPLETED: "completed",
    RenderJob.Status.FAILED: "failed",
    RenderJob.Status.CANCELLED: "cancelled",
}


VIDEO_COLUMNS: Final = (
    "id", "title", "status", "error", "effect_id", "effect__name", "effect__slug", "created_at", "updated_at", "type",
    "input_payload", "gallery_item__published_at", *link_columns("source", "output"),
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
    input_payload: dict[str, Any]
    is_published: bool
    published_at: datetime | None
    poster_url: str | None
    thumbnail_url: str | None
    sprite_url: str | None


def video_row(video: Mapping[str, Any], pictures: Mapping[str, Any] | None, absolute: Absolute) -> VideoRow:
    """A video in full, of ``VIDEO_COLUMNS``; the pictures are ``PICTURE_COLUMNS`` of the render it shows."""
    published_at = video["gallery_item__published_at"]
    return {
        "id": video["id"],
        "title": video["title"] or None,
        "status": VIDEO_WORDS[video["status"]],
        "original_file_url": file_link(linked(video, "source"), absolute),
        "processed_file_url": file_link(linked(video, "output"), absolute),
        "error": video["error"] or None,
        "effect": _effect_of(video),
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


class PublishedVideoRow(TypedDict):
    id: int
    title: str | None
    status: Annotated[str, tuple(dict.fromkeys(VIDEO_WORDS.values()))]
    is_published: bool
    published_at: datetime | None


def published_video_row(video: Video) -> PublishedVideoRow:
    item = getattr(video, "gallery_item", None)
    published_at = item.published_at if item else None
    return {
        "id": video.pk,
        "title": video.title or None,
        "status": VIDEO_WORDS[video.status],
        "is_published": published_at is not None,
        "published_at": published_at,
    }


class SubmittedJobRow(TypedDict):
    id: int
    dispatch_id: str
    effect_id: int | None
    video_id: int
    status: Annotated[str, tuple(JOB_WORDS.values())]
    created_at: datetime


def submitted_job_row(job: RenderJob) -> SubmittedJobRow:
    return {
        "id": job.pk,
        "dispatch_id": job.dispatch_id,
        "effect_id": job.effect_id,
        "video_id": job.video_id,
        "status": JOB_WORDS[job.status],
        "created_at": job.queued_at,
    }


JOB_COLUMNS: Final = (
    "id", "dispatch_key", "effect_id", "effect__name", "effect__slug", "video_id", "status", "queued_at", "purpose",
    "provider", "priority", "progress", "frames_done", "frames_total", "price", "error", "error_code", "started_at",
    "finished_at",
)  # fmt: skip


class ListedJobRow(SubmittedJobRow):
    effect: EffectReferenceRow | None
    purpose: str
    provider: str
    priority: int
    progress: Annotated[float, "Percent."]
    frames_done: int
    frames_total: int
    credits: int
    error: str | None
    error_code: str | None
    started_at: datetime | None
    finished_at: datetime | None


def listed_job_row(job: Mapping[str, Any]) -> ListedJobRow:
    """One ``values()`` row of ``JOB_COLUMNS``."""
    return {
        "id": job["id"],
        "dispatch_id": dispatch_id(job["dispatch_key"]),
        "effect_id": job["effect_id"],
        "video_id": job["video_id"],
        "status": JOB_WORDS[job["status"]],
        "created_at": job["queued_at"],
        "effect": _effect_of(job),
        "purpose": job["purpose"],
        "provider": job["provider"],
        "priority": job["priority"],
        "progress": round(job["progress"], 1),
        "frames_done": job["frames_done"],
        "frames_total": job["frames_total"],
        "credits": job["price"],
        "error": job["error"] or None,
        "error_code": job["error_code"] or None,
        "started_at": job["started_at"],
        "finished_at": job["finished_at"],
    }


class AiJobRow(ListedJobRow):
    output_url: str | None
    queue: QueueFiguresRow


def job_row(job: RenderJob, figures: QueueFigures, absolute: Absolute) -> AiJobRow:
    """A job with its place in the queue; ``job.effect`` and ``job.output`` are loaded."""
    names = {"effect__name": job.effect and job.effect.name, "effect__slug": job.effect and job.effect.slug}
    listed = listed_job_row({**vars(job), **names})
    return {**listed, "output_url": file_link(job.output, absolute), "queue": queue_row(figures)}


class AnnouncedFileRow(TypedDict):
    id: int
    original_filename: str
    mime_type: str
    size: Annotated[int, "Bytes."]
    status: Annotated[str, ("pending_upload", "ready", "rejected")]


def announced_row(file: MediaFile) -> AnnouncedFileRow:
    return {
        "id": file.pk,
        "original_filename": file.original_filename,
        "mime_type": file.mime_type,
        "size": file.size,
        "status": file.status,
    }


class PartRow(TypedDict):
    number: int
    url: str


class MultipartRow(TypedDict):
    part_size: Annotated[int, "Bytes of every part but the last."]
    parts: list[PartRow]


class UploadTicketRow(TypedDict):
    file: AnnouncedFileRow
    upload_url: Annotated[str, "PUT the whole file here."]
    upload_headers: dict[str, str]
    expires_in: Annotated[int, "Seconds."]
    multipart: Annotated[MultipartRow | None, "Offered for large files in place of the one PUT."]


def upload_row(file: MediaFile, ticket: Ticket, expires_in: int, absolute: Absolute) -> UploadTicketRow:
    """How to send an announced file: one PUT, or, where ``multipart`` is offered, a PUT for each part."""
    parts: list[PartRow] = [{"number": number, "url": url} for number, url in enumerate(ticket.parts, start=1)]
    return {
        "file": announced_row(file),
        "upload_url": absolute(ticket.url),
        "upload_headers": ticket.headers,
        "expires_in": expires_in,
        "multipart": {"part_size": settings.UPLOAD_PART_BYTES, "parts": parts} if parts else None,
    }


class FileRow(AnnouncedFileRow):
    kind: str
    sha256: str | None
    width: int | None
    height: int | None
    fps: str | None
    frame_count: int | None
    duration: Annotated[float | None, "Seconds."]
    has_audio: bool
    notes: Annotated[list[str], "What of the file is left out."]
    error: str | None
    url: str | None
    created_at: datetime
    updated_at: datetime


def file_row(file: MediaFile, absolute: Absolute) -> FileRow:
    """A file with what is known of its content once it is ready."""
    ready = file.status == MediaFile.Status.READY
    return {
        **announced_row(file),
        "kind": file.kind,
        "sha256": file.sha256 or None,
        "width": file.width,
        "height": file.height,
        "fps": file.fps or None,
        "frame_count": file.frame_count,
        "duration": file.duration,
        "has_audio": file.has_audio,
        "notes": file.notes,
        "error": file.rejection or None,
        "url": file_link(file, absolute) if ready else None,
        "created_at": file.created_at,
        "updated_at": file.updated_at,
    }


def _effect_of(row: Mapping[str, Any]) -> EffectReferenceRow | None:
    if row["effect_id"] is None:
        return None
    return {"id": row["effect_id"], "name": row["effect__name"], "slug": row["effect__slug"]}
