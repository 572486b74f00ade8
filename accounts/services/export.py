"""The copy of a user's data: a ZIP of ``data.json`` and the files."""

from __future__ import annotations

import logging
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from django.conf import settings
from django.core.files.storage import default_storage

from accounts.data_holders import Section, plain, rows_naming
from accounts.hooks import user_data
from accounts.models import AuditEntry, User
from config.api.envelope import dumps

logger = logging.getLogger(__name__)

_CHUNK = 1024 * 1024
_PACKAGES = ("account", "socialaccount", "mfa")
"""Their tables are the user's own as well."""


def archive_lock(request_id: str) -> str:
    """The name of the lock that whoever writes or removes the archive holds."""
    return f"export:{request_id}"


@contextmanager
def archive_of(user: User) -> Iterator[IO[bytes]]:
    """The finished ZIP as an open file on disk, which is gone after the block. Call it over all tenants."""
    settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
    # Without a name, so that a worker that is killed leaves nothing behind.
    with tempfile.TemporaryFile(dir=settings.WORK_DIR) as sink:
        with zipfile.ZipFile(sink, "w") as archive:
            with archive.open(_entry("data.json", zipfile.ZIP_DEFLATED), "w", force_zip64=True) as entry:
                _write_json(entry, _sections(user))
            for holder in user_data.values():
                for file in holder.files(user):
                    _add(archive, f"files/{file.name}", file.storage_key)
        sink.seek(0)
        yield sink


def _sections(user: User) -> Iterator[Section]:
    yield "user", [plain(user)]
    yield from rows_naming(user, "accounts", leave_out={"AuditEntry.actor", "AuditEntry.subject"})
    yield "accounts.AuditEntry", _security_events(user)
    for label in _PACKAGES:
        yield from rows_naming(user, label)
    for label, holder in sorted(user_data.items()):
        yield from holder.rows(user) if holder.rows else rows_naming(user, label)


def _security_events(user: User) -> Iterator[dict[str, object]]:
    """What the log has on the user; where staff acted, not from where."""
    for entry in AuditEntry.objects.filter(subject=user).order_by("pk").iterator(chunk_size=500):
        own = entry.actor_id in (user.pk, None)
        yield {
            "at": entry.at,
            "event": entry.event,
            "by": "you" if entry.actor_id == user.pk else "staff" if entry.actor_id else None,
            "address": entry.address if own else None,
            "user_agent": entry.user_agent if own else "",
            "detail": entry.detail,
        }


def _write_json(sink: IO[bytes], sections: Iterable[Section]) -> None:
    """One object of lists, row by row; a section without rows is left out."""
    before = b"{"
    for name, rows in sections:
        opening = before + dumps(name) + b":["
        for row in rows:
            sink.write(opening + b"\n" + dumps(row))
            opening = b","
        if opening == b",":
            sink.write(b"]")
            before = b",\n"
    sink.write(b"}\n")


def _add(archive: zipfile.ZipFile, name: str, storage_key: str) -> None:
    try:
        source = default_storage.open(storage_key)
    except FileNotFoundError:
        logger.warning("%s is not in the storage; an export goes without it", storage_key)
        return
    # Pictures and videos are compressed already.
    with source, archive.open(_entry(name, zipfile.ZIP_STORED), "w", force_zip64=True) as entry:
        shutil.copyfileobj(source, entry, _CHUNK)


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = compression
    entry.external_attr = 0o600 << 16
    return entry
