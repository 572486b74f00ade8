"""Put a backup in place of everything that is there. Stop `serve`, or all web servers and workers, first."""

import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import backups
from config.stack.embedded import embedded_database, is_ours, remember
from config.stack.folders import FolderInUse
from config.stack.postgres import BINARIES
from config.stack.redis import forget_everything


class Command(BaseCommand):
    help = __doc__
    # The embedded database may not run yet.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="what `backup` wrote")
        parser.add_argument("--yes", action="store_true", help="really replace what is there")
        parser.add_argument("--tools", type=Path, default=BINARIES, help="folder of another psql")

    def handle(self, *, folder: Path, yes: bool, tools: Path, **options: object) -> None:
        try:
            made = backups.read(folder)
            if not yes:
                raise CommandError(f"This replaces everything by the backup of {made.made_at}: add --yes.")
            with embedded_database(settings.DATA_DIR, alone=True) as url:
                backups.load(folder, database=url, tools=tools)
                self._migrate(url)
            self._forget_messages()
        except (FolderInUse, RuntimeError, OSError, redis.RedisError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored the backup of {made.made_at}")
        self._keep_key(folder, made)

    def _migrate(self, url: str) -> None:
        # A process of its own: the settings of this one may name no database at all.
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
        subprocess.run(
            [*manage, "migrate", "--no-input", "--verbosity", "0"], env={**os.environ, "DATABASE_URL": url}, check=True
        )

    def _forget_messages(self) -> None:
        """What waits in Redis is of rows that may be gone, and what is cached is of others."""
        if is_ours("REDIS_URL", settings.DATA_DIR):
            forget_everything(settings.DATA_DIR / "redis")
        else:
            redis.Redis.from_url(settings.REDIS_URL).flushdb()

    def _keep_key(self, folder: Path, made: backups.Manifest) -> None:
        if is_ours("SECRET_KEY", settings.DATA_DIR):
            remember(settings.DATA_DIR, {"SECRET_KEY": (folder / backups.KEY).read_text().strip()})
        elif backups.fingerprint(settings.SECRET_KEY) != made.secret_key:
            self.stderr.write(
                f"SECRET_KEY is another one than the backup's, which {folder / backups.KEY} has. Set that one, or put "
                "it into SECRET_KEY_FALLBACKS and run encrypt_second_factors."
            )
