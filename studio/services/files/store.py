"""Stored files: keep, find, link, open, drop."""

from __future__ import annotations

import mimetypes
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.core import signing
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from accounts.models import User
from config.api.errors import DomainError, Forbidden, NotFound
from config.platform.signing import sign_number
from studio.models import MediaFile, TenantStorage
from studio.rendering.errors import SourceDamaged, SourceMissing
from studio.rendering.media.probe import MediaInfo
from studio.services.files.blobs import ContentGone, Staged, letting_go, staged
from tenants import runtime
from tenants.models import Tenant
from tenants.scope import all_tenants

LINK_SALT = "studio.files.link"
_CHUNK = 1024 * 1024
_IN_WORDS = {
    MediaFile.Kind.SOURCE: "The source file",
    MediaFile.Kind.OUTPUT: "The video that serves as source",
    MediaFile.Kind.SOUNDTRACK: "The soundtrack",
    MediaFile.Kind.CHECKPOINT: "The frames of the render that this one goes on from",
}


def new_file(*, path: Path, owner: User, kind: MediaFile.Kind, original_filename: str = "") -> MediaFile:
    """A row without content, not saved yet."""
    name = original_filename[:512] or path.name
    return MediaFile(tenant_id=owner.tenant_id, owner=owner, kind=kind, original_filename=name)


def store_file(
    *, path: Path, owner: User, kind: MediaFile.Kind, original_filename: str = "", info: MediaInfo | None = None
) -> MediaFile:
    """Copy a finished local file into the storage and make its row; a blob of the same content is shared.

    The blob is complete before the row names it, so a row never names half a file. Not within a transaction.
    """
    file = new_file(path=path, owner=owner, kind=kind, original_filename=original_filename)
    while True:
        content = staged(path, tenant_id=file.tenant_id, kind=file.kind)
        with suppress(ContentGone), content as blob, transaction.atomic():
            return name_content(file, blob, path=path, info=info)


def name_content(file: MediaFile, content: Staged, *, path: Path, info: MediaInfo | None) -> MediaFile:
    """Make a staged content that of a row which has none yet, and save the row; in a transaction.

    Raises ContentGone, and then all of it is to be done again.
    """
    file.storage_key, file.sha256, file.size = content.key(), content.digest, content.size
    file.mime_type = info.mime_type if info else mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    file.status = MediaFile.Status.READY
    figures = _figures(info) if info else {}
    for name, figure in figures.items():
        setattr(file, name, figure)
    if file.pk is None:
        file.save(force_insert=True)
    else:
        file.save(update_fields=["storage_key", "sha256", "size", "mime_type", "status", *figures, "updated_at"])
    return file


def find_file(*, user: User, file_id: int) -> MediaFile:
    """The user's own file. Another tenant's does not exist; a colleague's is forbidden."""
    file = MediaFile.objects.filter(pk=file_id).first()
    if file is None:
        raise NotFound("File not found")
    if file.owner_id != user.pk:
        raise Forbidden("This file belongs to another user", code="not_owner")
    return file


def keep_file(file: MediaFile) -> None:
    """Nobody deletes the file until the transaction ends. Raises NotFound when somebody did."""
    stored = MediaFile.objects.filter(pk=file.pk, status=MediaFile.Status.READY)
    if stored.select_for_update(of=("self",), no_key=True).first() is None:
        raise NotFound("File not found")


def reserve_room(*, tenant_id: int, size: int, announcer: User | None = None) -> None:
    """Ask for so many bytes, in the transaction that adds the file. Raises DomainError ``storage_full`` (422).

    ``switched_off`` where uploads are. For an upload that ``announcer`` announces, ``too_many_uploads`` (422) as well.
    """
    runtime.require("UPLOADS_OPEN")
    # One at a time, or two could fill the same last bytes.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    announced, open_uploads = _announced(tenant_id, announcer)
    if announcer is not None and open_uploads >= (most := runtime.whole("MAX_OPEN_UPLOADS")):
        raise DomainError(
            "too_many_uploads",
            f"You have announced {open_uploads} uploads that are not used yet; at most {most} are allowed at a time.",
            data={"open_uploads": open_uploads, "limit": most},
        )
    used, limit = _stored_bytes(tenant_id) + announced, runtime.whole("TENANT_STORAGE_BYTES")
    if used + size > limit:
        raise DomainError(
            "storage_full",
            f"Your files take up {used} of {limit} bytes; there is no room for {size} more.",
            data={"used": used, "size": size, "limit": limit},
        )


def drop_files(files: list[MediaFile]) -> None:
    """Delete rows, and the blobs that no other row shares."""
    for file in files:
        with letting_go(file.storage_key, file.sha256):
            MediaFile.objects.filter(pk=file.pk).delete()


class Linkable(Protocol):
    """A file, or what a link needs of its row."""

    @property
    def pk(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def storage_key(self) -> str: ...


def file_url(file: Linkable) -> str:
    """A signed link that expires: a path of our own for local storage, the storage\x27s address for S3."""
    if settings.S3_BUCKET:
        address: str = default_storage.url(file.storage_key)
        return address
    token = sign_number(file.pk, salt=LINK_SALT)
    return f"/files/{token}/{file.kind}{Path(file.storage_key).suffix}"


def linked_file(token: str) -> MediaFile | None:
    """The file a link names; None when the link is forged, expired or its file is gone."""
    try:
        pk = signing.loads(token, salt=LINK_SALT, max_age=settings.FILE_URL_SECONDS)
    except signing.BadSignature:
        return None
    # The signature is the permission: whoever was given the link may fetch the file, logged in or not.
    with all_tenants():
        return MediaFile.objects.filter(pk=pk, status=MediaFile.Status.READY).first()


def local_copy(file: MediaFile, folder: Path) -> Path:
    """The file on local disk: in place when the storage is local, else downloaded into the folder.

    Raises SourceMissing when nothing is stored of it any more.
    """
    try:
        path = Path(default_storage.path(file.storage_key))
    except NotImplementedError:
        return _downloaded(file, folder)
    if not path.is_file():
        raise missing(file)
    return path


def ensure_stored(file: MediaFile) -> None:
    """Raises SourceMissing when nothing is stored of it any more."""
    if not default_storage.exists(file.storage_key):
        raise missing(file)


def ensure_whole(file: MediaFile) -> None:
    """Raises SourceMissing when nothing is stored of it any more, and SourceDamaged when a part is missing."""
    try:
        size = default_storage.size(file.storage_key)
    except FileNotFoundError:
        raise missing(file) from None
    if size != file.size:
        raise SourceDamaged(f"{_in_words(file)} is incomplete: {size} of {file.size} bytes are stored.")


def missing(file: MediaFile) -> SourceMissing:
    """The error that says which file has vanished."""
    return SourceMissing(f"{_in_words(file)} is no longer stored here.")


def _in_words(file: MediaFile) -> str:
    return _IN_WORDS.get(MediaFile.Kind(file.kind), "A file that the render needs")


def _downloaded(file: MediaFile, folder: Path) -> Path:
    target = folder / f"{file.pk}{Path(file.storage_key).suffix}"
    if not target.exists():
        partial = target.with_suffix(".partial")
        try:
            with default_storage.open(file.storage_key) as source, partial.open("wb") as sink:
                for chunk in iter(lambda: source.read(_CHUNK), b""):
                    sink.write(chunk)
        except FileNotFoundError:
            # Not what the storage says of it: that would be a fault of the storage's.
            raise missing(file) from None
        partial.rename(target)
    return target


def _stored_bytes(tenant_id: int) -> int:
    """What a tenant's files take up, every blob once."""
    return TenantStorage.objects.filter(tenant_id=tenant_id).values_list("bytes", flat=True).first() or 0


def _announced(tenant_id: int, announcer: User | None) -> tuple[int, int]:
    """Bytes that are announced to a tenant and may still come, and how many of the uploads are one user's own."""
    pending = MediaFile.objects.filter(tenant_id=tenant_id, status=MediaFile.Status.PENDING_UPLOAD)
    found = pending.filter(expires_at__gt=timezone.now()).aggregate(
        size=Sum("size"), own=Count("pk", filter=Q(owner=announcer))
    )
    return found["size"] or 0, found["own"]


def _figures(info: MediaInfo) -> dict[str, object]:
    return {
        "width": info.width,
        "height": info.height,
        "fps": str(info.fps) if info.fps else "",
        "frame_count": info.frame_count,
        "duration": info.duration,
        "has_audio": info.has_audio,
        "notes": list(info.notes),
        "facts": info.to_json(),
    }
