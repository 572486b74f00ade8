"""What the API says of videos, their files and their renders, in document B's words and order."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from django.conf import settings

from config.links import Absolute
from effects.models import Effect
from studio.models import MediaFile, RenderJob, Video
from studio.rows.links import file_link
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


def video_row(video: Video, finished: RenderJob | None, absolute: Absolute) -> dict[str, Any]:
    """A video in full; ``finished`` is the render that its output comes from."""
    return {
        "id": video.pk,
        "title": video.title or None,
        "status": VIDEO_WORDS[video.status],
        "original_file_url": file_link(video.source, absolute),
        "processed_file_url": file_link(video.output, absolute),
        "error": video.error or None,
        "effect": _effect(video.effect),
        "created_at": video.created_at,
        "updated_at": video.updated_at,
        "type": video.type,
        "input_payload": video.input_payload,
        **_publication(video),
        "poster_url": file_link(finished.poster, absolute) if finished else None,
        "thumbnail_url": file_link(finished.thumbnail, absolute) if finished else None,
        "sprite_url": file_link(finished.sprite, absolute) if finished else None,
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


def listed_job_row(job: RenderJob) -> dict[str, Any]:
    """``job.effect`` is loaded."""
    return {
        **submitted_job_row(job),
        "effect": _effect(job.effect),
        "purpose": job.purpose,
        "provider": job.provider,
        "priority": job.priority,
        "progress": round(job.progress, 1),
        "frames_done": job.frames_done,
        "frames_total": job.frames_total,
        "credits": job.price,
        "error": job.error or None,
        "error_code": job.error_code or None,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def job_row(job: RenderJob, figures: QueueFigures, absolute: Absolute) -> dict[str, Any]:
    """A job with its place in the queue; ``job.output`` is loaded."""
    return {**listed_job_row(job), "output_url": file_link(job.output, absolute), "queue": asdict(figures)}


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


def _effect(effect: Effect | None) -> dict[str, Any] | None:
    return {"id": effect.pk, "name": effect.name, "slug": effect.slug} if effect else None
