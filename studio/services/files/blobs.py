"""Contents of files in the storage: written whole or not at all, shared by rows, gone with the last of them.

The storage may be slow and far away, so nothing here asks it for anything while a transaction is open: a content is
written before the transaction in which a row names it, and removed after the one in which the last row lets go of it.
Before either, a note of its key is left in this process's scratch folder. Whatever happens to the process, the reaper
finds the note and removes the blob unless a row names it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction

from config.platform import scratch
from studio.models import MediaFile
from tenants.scope import all_tenants

_NOTES = "blobs"


class ContentGone(Exception):
    """The blob that a content was to share went meanwhile: stage it again, and it is written."""


@dataclass(frozen=True)
class Staged:
    """A content that a row may name: written for it, or that of another row."""

    tenant_id: int
    digest: str
    """SHA-256, hex."""
    size: int
    """In bytes."""
    written: str
    """The key under which it was written; empty when a row had the same content already."""

    def key(self) -> str:
        """Under which the row names it, in whose transaction this is asked. Raises ContentGone."""
        lock_content(self.digest)
        key = _shared_blob(self.tenant_id, self.digest) or self.written
        if not key:
            raise ContentGone
        return key


@contextmanager
def staged(path: Path, *, tenant_id: int, kind: str) -> Iterator[Staged]:
    """Have a local file's content in the storage, for a row to name in a transaction within the block.

    What was written and is named by no row when the block ends is removed.
    """
    digest, size = _digest(path)
    key = ""
    if _shared_blob(tenant_id, digest) is None:
        key = f"{tenant_id}/{kind}/{uuid.uuid4().hex}{path.suffix.lower()[:8]}"
        note_keys({key: digest})
    try:
        if key:
            with path.open("rb") as handle:
                default_storage.save(key, File(handle))
        yield Staged(tenant_id, digest, size, key)
    finally:
        # If it can't be told or done now, the note stays.
        if key:
            _drop_if_unnamed(key, digest)


@contextmanager
def letting_go(key: str, digest: str) -> Iterator[None]:
    """A transaction in which the row that names the blob goes, or its name; then the blob, unless another names it."""
    if key:
        note_keys({key: digest})
    with transaction.atomic():
        lock_content(digest)
        yield
    if key:
        _drop_if_unnamed(key, digest)


def drop_unnamed(keys: dict[str, str]) -> None:
    """Remove the blobs (key: digest of the content) that no row names any more. Not within a transaction."""
    for key, digest in keys.items():
        with all_tenants():
            _drop_if_unnamed(key, digest)


def note_keys(keys: dict[str, str]) -> None:
    """Have the reaper look after these if this process ends before ``drop_unnamed`` is through."""
    for key, digest in keys.items():
        _note(key, digest).mkdir(parents=True, exist_ok=True)


def sweep_scratch() -> int:
    """Remove what processes that are gone have left: bodies half received, working copies, blobs without a row.

    A process may be gone before the database has ended its last transaction, which still holds the content's lock.
    """
    swept = 0
    for folder in scratch.dead_folders():
        notes = folder / _NOTES
        with all_tenants():
            for note in notes.iterdir() if notes.is_dir() else ():
                _drop_if_unnamed(*_noted(note.name))
        swept += 1
    return swept


def lock_content(digest: str) -> None:
    """Until the transaction ends, nobody else begins to share the blob of this content, or lets go of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [digest])


def _drop_if_unnamed(key: str, digest: str) -> None:
    with transaction.atomic():
        # Whoever began to share it, by a row that has gone since, has named it once the lock is ours.
        lock_content(digest)
        named = MediaFile.objects.filter(storage_key=key).exists()
    # Nobody can begin to share it any more: sharers find it by a row.
    if not named:
        default_storage.delete(key)
    with suppress(OSError):
        _note(key, digest).rmdir()


def _shared_blob(tenant_id: int, digest: str) -> str | None:
    file = MediaFile.objects.filter(tenant_id=tenant_id, sha256=digest, status=MediaFile.Status.READY).first()
    return file.storage_key if file else None


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        return digest, handle.tell()


def _note(key: str, digest: str) -> Path:
    # A folder: it has a name, takes no content, and so no room.
    return scratch.work_folder() / _NOTES / f"{key.replace('/', '+')}@{digest}"


def _noted(name: str) -> tuple[str, str]:
    """Key and digest of a note; earlier releases wrote no digest."""
    key, _, digest = name.partition("@")
    return key.replace("+", "/"), digest
