"""Run everything on this machine: PostgreSQL, Redis, web server, render workers, output watcher and reaper.

PostgreSQL and Redis are embedded unless DATABASE_URL and REDIS_URL name others. All state lies in STUDIO_DATA_DIR.
"""

import asyncio
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.stack.folders import FolderInUse, FolderLock
from config.stack.logs import Log
from config.stack.serving import PortInUse, Site, check_port, serve


class Command(BaseCommand):
    help = __doc__
    # There is no database yet; every process that this one starts checks itself.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="address to listen on (HOST; %(default)s)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen on (PORT; %(default)s)")
        parser.add_argument(
            "--workers",
            type=int,
            default=settings.RENDER_WORKERS,
            help="render worker processes (RENDER_WORKERS; %(default)s)",
        )

    def handle(self, *, host: str, port: int, workers: int, **options: Any) -> None:
        known_host = settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"
        site = Site(
            base_dir=settings.BASE_DIR,
            data_dir=settings.DATA_DIR,
            host=host,
            port=port,
            workers=workers,
            health_host=known_host,
        )
        try:
            lock = FolderLock(site.data_dir)
            check_port(host, port)
            asyncio.run(serve(site, Log(sys.stdout)))
            lock.release()
        except (FolderInUse, PortInUse, RuntimeError) as error:
            raise CommandError(str(error)) from error
