"""Uploads: judged by content, stored whole, or refused without a trace."""

from __future__ import annotations

import re
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from config.api.errors import ValidationFailed
from config.platform import scratch
from studio.models import MediaFile, Video
from studio.rendering.errors import MediaError
from studio.rendering.media.probe import MediaInfo, MediaLimits, Purpose, check_upload
from studio.services.files.blobs import ContentGone, staged
from studio.services.files.media_checks import looking
from studio.services.files.store import name_content, new_file, reserve_room
from tenants import runtime

FIELDS: tuple[Purpose, Purpose] = ("attachment", "soundtrack")


def create_video(
    *,
    user: User,
    type: Video.Type,
    attachment: UploadedFile[bytes] | None,
    soundtrack: UploadedFile[bytes] | None,
    title: str = "",
) -> Video:
    """A video from what the user sent. A prompt alone (no attachment) is enough for Deforum."""
    # Before the files are looked at; asked once more where room is made for them.
    runtime.require("UPLOADS_OPEN")
    with tempfile.TemporaryDirectory(prefix="upload-", dir=scratch.upload_folder()) as folder:
        sent: dict[Purpose, UploadedFile[bytes]] = {
            field: file for field, file in zip(FIELDS, (attachment, soundtrack), strict=True) if file is not None
        }
        checked = {field: _check(file, field, Path(folder)) for field, file in sent.items()}
        kinds = dict(zip(FIELDS, (MediaFile.Kind.SOURCE, MediaFile.Kind.SOUNDTRACK), strict=True))
        while True:
            with suppress(ContentGone), ExitStack() as stack:
                contents = {
                    field: stack.enter_context(staged(path, tenant_id=user.tenant_id, kind=kinds[field]))
                    for field, (path, _) in checked.items()
                }
                with transaction.atomic():
                    reserve_room(tenant_id=user.tenant_id, size=sum(content.size for content in contents.values()))
                    stored: dict[str, MediaFile] = {}
                    for field, (path, info) in checked.items():
                        name = sent[field].name or ""
                        file = new_file(path=path, owner=user, kind=kinds[field], original_filename=name)
                        stored[field] = name_content(file, contents[field], path=path, info=info)
                    return Video.objects.create(
                        tenant_id=user.tenant_id,
                        owner=user,
                        type=type,
                        title=title,
                        source=stored.get("attachment"),
                        soundtrack=stored.get("soundtrack"),
                    )


def limits(field: Purpose) -> MediaLimits:
    """What an upload of this field may be."""
    most = {
        "attachment": settings.MAX_ATTACHMENT_BYTES,
        "soundtrack": settings.MAX_SOUNDTRACK_BYTES,
        "video": settings.MAX_UPLOAD_BYTES,
    }
    return MediaLimits(
        max_bytes=most[field],
        max_pixels=settings.MAX_SOURCE_PIXELS,
        max_still_pixels=settings.MAX_STILL_PIXELS,
        max_seconds=settings.MAX_SOURCE_SECONDS,
        max_frames=settings.MAX_SOURCE_FRAMES,
    )


def _check(file: UploadedFile[bytes], field: Purpose, folder: Path) -> tuple[Path, MediaInfo]:
    """The upload on disk, under the suffix that it was sent with where that is one, and what it is."""
    limit = limits(field)
    if (file.size or 0) > limit.max_bytes:
        raise ValidationFailed({field: [f"The {field} may not be larger than {limit.max_bytes // 1024**2} MB."]})
    suffix = re.search(r"\.[a-z0-9]{1,7}$", (file.name or "").lower())
    path = folder / f"{field}{suffix[0] if suffix else ''}"
    path.hardlink_to(file.temporary_file_path())  # type: ignore[attr-defined]
    try:
        with looking():
            return path, check_upload(path, kind=field, limits=limit)
    except MediaError as error:
        raise ValidationFailed({field: [error.message]}) from error
