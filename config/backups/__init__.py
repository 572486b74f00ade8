"""Everything that can't be made again in one folder, and back: the database, the media, the secret key.

``database.dump`` (pg_dump's custom format), ``media/``, ``secret-key``, and ``backup.json``, which is written last: a
folder without it is no backup. Made again into the same folder, only new media are copied.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from config.backups import media, postgres

MANIFEST, DUMP, MEDIA, KEY = "backup.json", "database.dump", "media", "secret-key"


class BackupError(RuntimeError):
    """What is wrong with a backup, or with where it is to go; nothing was changed."""


@dataclass(frozen=True)
class Manifest:
    """``migrations``: those applied to the database, as ``app.name``."""

    made_at: str
    database_bytes: int
    media_files: int
    media_bytes: int
    media_included: bool
    migrations: list[str]
    secret_key: str


def save(folder: Path, *, database: str, with_media: bool, tools: Path) -> Manifest:
    """Back the studio up into ``folder``. Database first: a file is complete before its row names it.

    database: its URL. tools: the folder with pg_dump. Raises RuntimeError with what pg_dump says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / MANIFEST).unlink(missing_ok=True)
    postgres.dump(database, folder / DUMP, tools=tools)
    files = size = 0
    if with_media:
        files, size = media.save(folder / MEDIA)
    _write_secret(folder / KEY, settings.SECRET_KEY)
    manifest = Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        database_bytes=(folder / DUMP).stat().st_size,
        media_files=files,
        media_bytes=size,
        media_included=with_media,
        migrations=postgres.migrations(database),
        secret_key=fingerprint(settings.SECRET_KEY),
    )
    unfinished = folder / f"{MANIFEST}.part"
    unfinished.write_text(json.dumps(asdict(manifest), indent=1) + "\n")
    unfinished.rename(folder / MANIFEST)
    return manifest


def read(folder: Path) -> Manifest:
    """The manifest of a whole backup. Raises BackupError."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text()))
    except FileNotFoundError:
        raise BackupError(f"{folder} holds no finished backup.") from None
    except (TypeError, ValueError) as error:
        raise BackupError(f"{folder / MANIFEST} can't be read: {error}") from error
    if not (folder / DUMP).is_file() or (folder / DUMP).stat().st_size != manifest.database_bytes:
        raise BackupError(f"{folder / DUMP} is not the file that was written.")
    return manifest


def load(folder: Path, *, database: str, tools: Path) -> Manifest:
    """Put a backup in place of what is there; nobody else may be connected. The database changes at once or not at all.

    Raises BackupError before anything is changed, RuntimeError with what psql says.
    """
    manifest = read(folder)
    if unknown := sorted(set(manifest.migrations) - _known_migrations()):
        raise BackupError(f"This backup is of a newer version, which had {unknown[-1]}: install that version first.")
    if others := postgres.others(database):
        raise BackupError(f"Others are connected to this database ({others}): stop web servers and workers first.")
    # Before the rows that name them.
    if manifest.media_included:
        media.load(folder / MEDIA)
    postgres.restore(database, folder / DUMP, tools=tools)
    return manifest


def fingerprint(key: str) -> str:
    """What tells two keys apart and tells nobody the key."""
    return hashlib.sha256(f"backup:{key}".encode()).hexdigest()[:16]


def _known_migrations() -> set[str]:
    return {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text + "\n")
