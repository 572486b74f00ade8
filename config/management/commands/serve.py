"""Run everything on this machine: PostgreSQL, Redis, web and event server, render workers, output watcher and reaper.

PostgreSQL and Redis are embedded unless DATABASE_URL and REDIS_URL name others. All state lies in STUDIO_DATA_DIR.
"""

import os
import sys
from argparse import ArgumentParser
from dataclasses import asdict

from django.conf import settings
from django.core.management.base import BaseCommand

from config.stack.serving import Site


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

    def handle(self, *, host: str, port: int, workers: int, **options: object) -> None:
        known_host = settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"
        site = Site(
            base_dir=settings.BASE_DIR,
            data_dir=settings.DATA_DIR,
            host=host,
            port=port,
            workers=workers,
            health_host=known_host,
        )
        self.stdout.flush()
        # This same process goes on as the supervisor, without what it has loaded to read the settings.
        path = os.pathsep.join(filter(None, [str(settings.BASE_DIR), os.environ.get("PYTHONPATH")]))
        arguments = [f"--{name}={value}" for name, value in asdict(site).items()]
        os.execve(
            sys.executable, [sys.executable, "-m", "config.stack", *arguments], {**os.environ, "PYTHONPATH": path}
        )
