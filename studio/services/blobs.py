"""Contents of files in the storage: written whole or not at all, shared by rows, gone with the last of them.

Before a blob is written, and before the last row that names one goes, a note of its key is left in this process's
scratch folder. Whatever happens to the process, the reaper finds the note and removes the blob unless a row names it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction

from config import scratch
from studio.models import MediaFile
from tenants.scope import all_tenants

_NOTES = "blobs"


def save_blob(path: Path, tenant_id: int, kind: str) -> str:
    """Copy a local file into the storage; answers its key. The row that names it follows in the same transaction."""
    key = f"{tenant_id}/{kind}/{uuid.uuid4().hex}{path.suffix.lower()[:8]}"
    _note(key).mkdir(parents=True, exist_ok=True)
    try:
        with path.open("rb") as handle:
            default_storage.save(key, File(handle))
    except BaseException:
        # Half of it may be there, on a full disk for one.
        default_storage.delete(key)
        _forget(key)
        raise
    transaction.on_commit(lambda: _forget(key))
    return key


@contextmanager
def removed_on_failure(key: str) -> Iterator[None]:
    """Remove a blob that was just written if the block, in which a row takes its name, fails."""
    try:
        yield
    except BaseException:
        default_storage.delete(key)
        _forget(key)
        raise


def drop_blob(storage_key: str) -> None:
    """Remove a blob unless a row names it; call it with its content locked."""
    if storage_key and not MediaFile.objects.filter(storage_key=storage_key).exists():
        default_storage.delete(storage_key)


def drop_unnamed(keys: dict[str, str]) -> None:
    """Remove the blobs (key: digest of the content) that no row names any more. Not within a transaction."""
    for key, digest in keys.items():
        with all_tenants(), transaction.atomic():
            lock_content(digest)
            drop_blob(key)
        _forget(key)


def note_keys(keys: dict[str, str]) -> None:
    """Have the reaper look after these if this process ends before ``drop_unnamed`` is through."""
    for key in keys:
        _note(key).mkdir(parents=True, exist_ok=True)


def sweep_scratch() -> int:
    """Remove what processes that are gone have left: bodies half received, working copies, blobs without a row."""
    swept = 0
    for folder in scratch.dead_folders():
        notes = folder / _NOTES
        with all_tenants():
            for note in notes.iterdir() if notes.is_dir() else ():
                drop_blob(note.name.replace("+", "/"))
        swept += 1
    return swept


def lock_content(digest: str) -> None:
    """Until the transaction ends, nobody else shares or deletes the blob of this content."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [digest])


def _note(key: str) -> Path:
    # A folder: it has a name, takes no content, and so no room.
    return scratch.work_folder() / _NOTES / key.replace("/", "+")


def _forget(key: str) -> None:
    with suppress(OSError):
        _note(key).rmdir()
