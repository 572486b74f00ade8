"""Presigned uploads: announced, sent past the API, verified when first referenced, swept when they never are."""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from commerce.services.holds import ensure_affordable
from config.api.errors import DomainError, Forbidden, NotFound, TooLarge, ValidationFailed
from config.platform import scratch
from effects.models import Effect
from studio.models import MediaFile
from studio.rendering.errors import MediaError
from studio.rendering.media.probe import MediaInfo, check_upload
from studio.rendering.media.probe import mime_type as type_of
from studio.services.files.blobs import ContentGone, staged
from studio.services.files.media_checks import looking
from studio.services.files.store import find_file, name_content, reserve_room
from studio.services.files.upload_targets import (
    TOKEN_SALT,
    Folder,
    Mismatch,
    Target,
    Ticket,
    current_target,
    upload_headers,
)
from studio.services.files.uploads import limits
from tenants.scope import all_tenants

logger = logging.getLogger(__name__)

SUFFIXES: Final = {
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
}
"""The types that may be announced."""

_CHUNK = 1024 * 1024
_LENGTH_DIGITS = 19
_A_MOMENT = timedelta(seconds=5)


class Readable(Protocol):
    """A request's body."""

    def read(self, size: int, /) -> bytes: ...


def announce_upload(
    *, user: User, effect: Effect, mime_type: str, size: int, original_filename: str, file_hash: str = ""
) -> tuple[MediaFile, Ticket]:
    """A row for a file to come, and how to send it.

    It counts against the quota until its URL expires, and from its arrival until it is used or swept. Raises
    ValidationFailed, and DomainError ``insufficient_credits``, ``storage_full`` and ``too_many_uploads`` (422).
    """
    mime_type = check_type(mime_type)
    check_size(size)
    ensure_affordable(user=user, amount=effect.credits_cost)
    with transaction.atomic():
        reserve_room(tenant_id=user.tenant_id, size=size, announcer=user)
        file = MediaFile.objects.create(
            tenant_id=user.tenant_id,
            owner=user,
            kind=MediaFile.Kind.SOURCE,
            status=MediaFile.Status.PENDING_UPLOAD,
            original_filename=original_filename,
            mime_type=mime_type,
            size=size,
            effect=effect,
            announced_hash=file_hash,
            upload_key=f"uploads/{uuid.uuid4().hex}{SUFFIXES[mime_type]}",
            expires_at=timezone.now() + timedelta(seconds=settings.UPLOAD_URL_SECONDS),
        )
    ticket = current_target().open(file)
    file.save(update_fields=["multipart_id"])
    return file, ticket


def check_type(mime_type: str) -> str:
    """The type as it is written here. Raises ValidationFailed for one that may not be announced."""
    mime_type = mime_type.strip().lower()
    if mime_type not in SUFFIXES:
        raise ValidationFailed({"mime_type": [f"Must be one of {', '.join(SUFFIXES)}."]})
    return mime_type


def check_size(size: int) -> None:
    """Raises ValidationFailed for more bytes than one upload may have."""
    if size > settings.MAX_UPLOAD_BYTES:
        raise ValidationFailed({"size": [f"The file may not be larger than {settings.MAX_UPLOAD_BYTES} bytes."]})


def receive_upload(*, token: str, headers: Mapping[str, str], stream: Readable) -> None:
    """Take a PUT to a URL of ours: whole and as announced, or not at all."""
    file = _file_of_token(token)
    for name, value in upload_headers(file).items():
        if headers.get(name) != value:
            raise Forbidden(f"{name} must be {value}.", code="header_mismatch")
    length = headers.get("Content-Length", "")
    if not (length.isascii() and length.isdigit()):
        raise DomainError("length_required", "Content-Length is required.", 411)
    # A number of thousands of digits is not even read.
    if len(length.lstrip("0")) > _LENGTH_DIGITS or int(length.lstrip("0") or "0") > file.size:
        raise TooLarge(f"{file.size} bytes were announced.")
    target = Folder().path(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = scratch.work_folder() / f"{uuid.uuid4().hex}.partial"
    try:
        _write(stream, partial, size=file.size)
        _ensure_type(partial, file.mime_type)
        partial.replace(target)
        with all_tenants():
            if not _keep(file):
                target.unlink(missing_ok=True)
                raise Forbidden("This upload has expired or was verified meanwhile.", code="upload_url_invalid")
    finally:
        partial.unlink(missing_ok=True)


def verify_upload(file: MediaFile, *, field: str) -> MediaFile:
    """The file with its content known: an upload that is referenced for the first time is looked at now.

    field: what the request calls it. Raises DomainError ``file_not_uploaded`` and ``file_rejected`` (422).
    """
    if _is_pending(file):
        with tempfile.TemporaryDirectory(prefix="verify-", dir=scratch.work_folder()) as folder:
            file = _settle(file, Path(folder), field)
        # It is stored under another name now, or refused.
        current_target().discard(file)
    if file.status == MediaFile.Status.REJECTED:
        raise DomainError("file_rejected", file.rejection, data={field: [file.rejection]})
    return file


def verify_if_pending(*, user: User, file_id: object, field: str) -> None:
    """Verify what a request is about to reference; whatever else is wrong with it is left to the request itself."""
    if not isinstance(file_id, int):
        return
    file = MediaFile.objects.filter(pk=file_id, owner=user, status=MediaFile.Status.PENDING_UPLOAD).first()
    if file is not None:
        verify_upload(file, field=field)


def find_verified_file(*, user: User, file_id: int, field: str) -> MediaFile:
    """The user's own file, verified. Raises NotFound, Forbidden, and what ``verify_upload`` raises."""
    return verify_upload(find_file(user=user, file_id=file_id), field=field)


def sweep_uploads() -> int:
    """Remove uploads that nothing referenced or that were refused, and what late PUTs left.

    Answers how many rows went.
    """
    swept = 0
    target = current_target()
    with all_tenants():
        expired = MediaFile.objects.filter(expires_at__lt=timezone.now()).exclude(upload_key="")
        for file in expired.order_by("expires_at")[:1000]:
            try:
                if _has_just_arrived(file, target):
                    _keep(file)
                    continue
                target.discard(file)
            except (BotoCoreError, ClientError):
                logger.exception("The upload of file %s could not be removed; trying again later", file.pk)
                continue
            deleted, _ = MediaFile.objects.exclude(status=MediaFile.Status.READY).filter(pk=file.pk).delete()
            swept += deleted
            MediaFile.objects.filter(pk=file.pk).update(upload_key="", multipart_id="", expires_at=None)
    _sweep_leftovers()
    return swept


def _keep(file: MediaFile) -> bool:
    """What has arrived waits to be used for a while; False when nobody waits for it any more."""
    until = file.created_at + timedelta(seconds=settings.UPLOAD_URL_SECONDS + settings.UPLOAD_KEEP_SECONDS)
    pending = MediaFile.objects.filter(pk=file.pk, status=MediaFile.Status.PENDING_UPLOAD)
    return bool(pending.update(expires_at=until))


def _has_just_arrived(file: MediaFile, target: Target) -> bool:
    """Whether a bucket took it, which nobody tells us, and it was not given its time yet."""
    url_expired = file.created_at + timedelta(seconds=settings.UPLOAD_URL_SECONDS)
    first_look = _is_pending(file) and file.expires_at is not None and abs(file.expires_at - url_expired) < _A_MOMENT
    return first_look and target.has(file)


def _settle(file: MediaFile, folder: Path, field: str) -> MediaFile:
    """Judge what has arrived, and store or reject it; of two requests at once the first decides."""
    try:
        path = current_target().fetch(file, folder)
        if path is None:
            reason = "The file has not been uploaded yet."
            raise DomainError("file_not_uploaded", reason, data={field: [reason]})
        info = _judge(file, path)
    except (Mismatch, MediaError) as error:
        return _reject(file, str(error))
    while True:
        content = staged(path, tenant_id=file.tenant_id, kind=file.kind)
        with suppress(ContentGone), content as blob, transaction.atomic():
            found = _locked(file)
            return name_content(found, blob, path=path, info=info) if _is_pending(found) else found


def _judge(file: MediaFile, path: Path) -> MediaInfo:
    """What the upload really is. Raises Mismatch and MediaError."""
    with looking():
        info = check_upload(path, kind="video", limits=limits("video"))
    if info.mime_type != file.mime_type:
        raise Mismatch(f"{file.mime_type} was announced and this is {info.mime_type}.")
    # Other algorithms than ours are the client's own affair.
    if re.fullmatch(r"[0-9a-fA-F]{64}", file.announced_hash):
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        if digest != file.announced_hash.lower():
            raise Mismatch("The content does not have the hash that was announced.")
    return info


def _reject(file: MediaFile, reason: str) -> MediaFile:
    with transaction.atomic():
        found = _locked(file)
        if _is_pending(found):
            found.status, found.rejection = MediaFile.Status.REJECTED, reason[:255]
            found.save(update_fields=["status", "rejection", "updated_at"])
    return found


def _locked(file: MediaFile) -> MediaFile:
    found = MediaFile.objects.select_for_update(of=("self",)).filter(pk=file.pk).first()
    if found is None:
        raise NotFound("File not found")
    return found


def _is_pending(file: MediaFile) -> bool:
    return file.status == MediaFile.Status.PENDING_UPLOAD


def _file_of_token(token: str) -> MediaFile:
    """The upload that a URL of ours is for. Raises Forbidden, and Conflict when it was verified already."""
    try:
        pk = signing.loads(token, salt=TOKEN_SALT, max_age=settings.UPLOAD_URL_SECONDS)
    except signing.BadSignature as error:
        raise Forbidden("This upload URL is forged or has expired.", code="upload_url_invalid") from error
    # The signature is the permission: whoever was given the URL may send the file, logged in or not.
    with all_tenants():
        file = MediaFile.objects.filter(pk=pk).first()
    if file is None:
        raise Forbidden("This upload has expired.", code="upload_url_invalid")
    if not _is_pending(file):
        was = "verified" if file.status == MediaFile.Status.READY else "refused"
        raise DomainError("upload_finished", f"This file has been uploaded and {was}.", 409)
    return file


def _write(stream: Readable, path: Path, *, size: int) -> None:
    """Copy exactly ``size`` bytes. Raises DomainError ``incomplete_body`` for less; more are never read."""
    written = 0
    with path.open("xb") as sink:
        while written < size and (chunk := stream.read(min(_CHUNK, size - written))):
            sink.write(chunk)
            written += len(chunk)
    if written != size:
        raise DomainError("incomplete_body", f"{size} bytes were announced and {written} arrived.", 400)


def _ensure_type(path: Path, mime_type: str) -> None:
    """By its first bytes alone; the rest is judged when the file is referenced."""
    with looking():
        found = type_of(path)
    if found != mime_type:
        raise DomainError("type_mismatch", f"{mime_type} was announced and this is {found or 'something else'}.", 415)


def _sweep_leftovers() -> None:
    """What crashed requests left in the upload folder."""
    oldest = time.time() - settings.UPLOAD_URL_SECONDS - settings.UPLOAD_KEEP_SECONDS
    folder = settings.WORK_DIR / "uploads"
    for path in folder.iterdir() if folder.exists() else ():
        if path.stat().st_mtime < oldest:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
