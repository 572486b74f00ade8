"""What the API says of files: announced, uploaded, stored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict

from django.conf import settings

from config.platform.links import Absolute
from studio.models import MediaFile, Video
from studio.rows.jobs import status_word
from studio.rows.links import file_link
from studio.services.files.upload_targets import Ticket


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


def ticket_row(file: MediaFile, ticket: Ticket, expires_in: int, absolute: Absolute) -> UploadTicketRow:
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


class UploadAnswer(TypedDict):
    id: int
    videoId: int
    type: Annotated[str, Video.Type]
    status: str
    media_url: str | None
    soundtrack_url: str | None
    original_filename: str | None
    mime_type: str | None
    size: int | None
    width: int | None
    height: int | None
    fps: str | None
    frame_count: int | None
    duration: float | None
    notes: Annotated[list[str], "What of the files is left out."]
    created_at: datetime


def upload_row(video: Video, absolute: Absolute) -> UploadAnswer:
    """What an upload answers."""
    source = video.source
    return {
        "id": video.pk,
        "videoId": video.pk,
        "type": video.type,
        "status": status_word(video, None),
        "media_url": file_link(source, absolute),
        "soundtrack_url": file_link(video.soundtrack, absolute),
        "original_filename": source.original_filename if source else None,
        "mime_type": source.mime_type if source else None,
        "size": source.size if source else None,
        "width": source.width if source else None,
        "height": source.height if source else None,
        "fps": source.fps if source else None,
        "frame_count": source.frame_count if source else None,
        "duration": source.duration if source else None,
        "notes": [note for file in (source, video.soundtrack) if file for note in file.notes],
        "created_at": video.created_at,
    }
