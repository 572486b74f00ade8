"""Complete the jobs whose finished encodings appear in the watched folders.

A file counts once it is whole: unchanged since the look before, and decodable.
"""

import logging
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import OperationalError

from config.stack.signals import stop_event
from studio.services.outputs import OutputWatcher

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--interval", type=float, default=5.0, help="seconds between two looks (default: 5)")
        parser.add_argument("--path", action="append", help="a folder to watch; may be repeated (default: WATCH_PATHS)")
        parser.add_argument("--once", action="store_true", help="look until nothing changes any more, then stop")

    def handle(self, *, interval: float, path: list[str] | None, once: bool, **options: Any) -> None:
        stopped = threading.Event() if once else stop_event()
        watcher = OutputWatcher([Path(p) for p in path or settings.WATCH_PATHS])
        while True:
            try:
                for job in watcher.look():
                    self.stdout.write(f"Render {job.pk} is complete.")
            except OperationalError:
                if once:
                    raise
                logger.exception("The database does not answer; trying again")
            if (once and not watcher.is_waiting) or stopped.wait(interval):
                return
