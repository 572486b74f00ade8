"""What the API says of videos, their files and their renders, in document B's words and order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from django.conf import settings

from config.links import Absolute
from studio.models import MediaFile, RenderJob, Video
from studio.models.jobs import dispatch_id
from studio.rows.links import file_link, link_columns, linked
from studio.services.places import QueueFigures
from studio.services.upload_targets import Ticket

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


def video_row(video: Mapping[str, Any], pictures: Mapping[str, Any] | None, absolute: Absolute) -> dict[str, Any]:
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


def created_video_row(video: Video) -> dict[str, Any]:
    return {
        "id": video.pk,
        "title": video.title or None,
        "status": VIDEO_WORDS[video.status],
        "effect_id": video.effect_id,
        "original_file_id": video.source_id,
        "created_at": video.created_at,
        "updated_at": video.updated_at,
    }


def renamed_video_row(video: Video) -> dict[str, Any]:
    return {
        "id": video.pk,
        "title": video.title or None,
        "status": VIDEO_WORDS[video.status],
        "created_at": video.created_at,
        "updated_at": video.updated_at,
    }


def published_video_row(video: Video) -> dict[str, Any]:
    return {
        "id": video.pk,
        "title": video.title or None,
        "status": VIDEO_WORDS[video.status],
        **_publication(video),
    }


def submitted_job_row(job: RenderJob) -> dict[str, Any]:
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


def listed_job_row(job: Mapping[str, Any]) -> dict[str, Any]:
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


def job_row(job: RenderJob, figures: QueueFigures, absolute: Absolute) -> dict[str, Any]:
    """A job with its place in the queue; ``job.effect`` and ``job.output`` are loaded."""
    names = {"effect__name": job.effect and job.effect.name, "effect__slug": job.effect and job.effect.slug}
    listed = listed_job_row({**vars(job), **names})
    return {**listed, "output_url": file_link(job.output, absolute), "queue": asdict(figures)}


def announced_row(file: MediaFile) -> dict[str, Any]:
    return {
        "id": file.pk,
        "original_filename": file.original_filename,
        "mime_type": file.mime_type,
        "size": file.size,
        "status": file.status,
    }


def upload_row(file: MediaFile, ticket: Ticket, expires_in: int, absolute: Absolute) -> dict[str, Any]:
    """How to send an announced file: one PUT, or, where ``multipart`` is offered, a PUT for each part."""
    parts = [{"number": number, "url": url} for number, url in enumerate(ticket.parts, start=1)]
    return {
        "file": announced_row(file),
        "upload_url": absolute(ticket.url),
        "upload_headers": ticket.headers,
        "expires_in": expires_in,
        "multipart": {"part_size": settings.UPLOAD_PART_BYTES, "parts": parts} if parts else None,
    }


def file_row(file: MediaFile, absolute: Absolute) -> dict[str, Any]:
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


def _publication(video: Video) -> dict[str, Any]:
    item = getattr(video, "gallery_item", None)
    published_at = item.published_at if item else None
    return {"is_published": published_at is not None, "published_at": published_at}


def _effect_of(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if row["effect_id"] is None:
        return None
    return {"id": row["effect_id"], "name": row["effect__name"], "slug": row["effect__slug"]}
