"""Back the database, the media and the secret key up into a folder, while everything runs."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import backups
from config.stack.embedded import embedded_database
from config.stack.folders import FolderInUse
from config.stack.postgres import BINARIES


class Command(BaseCommand):
    help = __doc__
    # The embedded database may not run yet.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where to; used again, only new media are copied")
        parser.add_argument("--without-media", action="store_true", help="for a bucket that keeps versions by itself")
        parser.add_argument("--tools", type=Path, default=BINARIES, help="folder of another pg_dump")

    def handle(self, *, folder: Path, without_media: bool, tools: Path, **options: object) -> None:
        try:
            with embedded_database(settings.DATA_DIR, alone=False) as url:
                made = backups.save(folder, database=url, with_media=not without_media, tools=tools)
        except (FolderInUse, RuntimeError, OSError) as error:
            raise CommandError(str(error)) from error
        media = f"{made.media_files} media files ({made.media_bytes:,} bytes)" if made.media_included else "no media"
        self.stdout.write(f"Backed up to {folder}: database ({made.database_bytes:,} bytes), {media}, the secret key")
