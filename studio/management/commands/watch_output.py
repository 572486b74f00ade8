"""Complete the jobs whose finished encodings appear in the watched folders.

A file counts once it is whole: unchanged since the look before, and decodable.
"""

import logging
import time
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.heartbeat import Pulse
from config.rounds import run_rounds
from studio.services.outputs import OutputWatcher

TAKING_SECONDS = 1800.0
"""In which the longest video is decoded and stored."""

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--interval", type=float, default=5.0, help="seconds between two looks (default: 5)")
        parser.add_argument("--path", action="append", help="a folder to watch; may be repeated (default: WATCH_PATHS)")
        parser.add_argument("--once", action="store_true", help="look until nothing changes any more, then stop")

    def handle(self, *, interval: float, path: list[str] | None, once: bool, **options: Any) -> None:
        watcher = OutputWatcher([Path(p) for p in path or settings.WATCH_PATHS])
        if not once:
            run_rounds("watcher", partial(self._round, watcher), pause=interval)
            return
        self._look(watcher)
        while watcher.is_waiting:
            time.sleep(interval)
            self._look(watcher)

    def _round(self, watcher: OutputWatcher, pulse: Pulse) -> None:
        if watcher.is_waiting:
            # A whole video may be decoded and stored now.
            pulse.beat(seconds=TAKING_SECONDS)
        self._look(watcher)

    def _look(self, watcher: OutputWatcher) -> None:
        for job in watcher.look():
            logger.info("Render %s is complete", job.pk)
