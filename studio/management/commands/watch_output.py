"""Complete the jobs whose finished encodings appear in the watched folders.

A file counts once it is whole: unchanged since the look before, and decodable.
"""

import logging
import threading
import time
from argparse import ArgumentParser
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from config.platform.heartbeat import Pulse
from config.platform.rounds import run_rounds
from studio.providers.external.outputs import OutputWatcher

LOOK_SECONDS = 5.0
"""Between two looks, unless asked otherwise."""
TAKING_SECONDS = 1800.0
"""In which the longest video is decoded and stored."""

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--interval", type=float, default=LOOK_SECONDS, help="seconds between two looks (%(default)s)"
        )
        parser.add_argument("--path", action="append", help="a folder to watch; may be repeated (default: WATCH_PATHS)")
        parser.add_argument("--once", action="store_true", help="look until nothing changes any more, then stop")

    def handle(self, *, interval: float, path: list[str] | None, once: bool, **options: object) -> None:
        if not once:
            run_watcher(path, interval)
            return
        watcher = _watcher(path)
        _look(watcher)
        while watcher.is_waiting:
            time.sleep(interval)
            _look(watcher)


def run_watcher(
    paths: list[str] | None = None, interval: float = LOOK_SECONDS, stopped: threading.Event | None = None
) -> None:
    """Look again and again until ``stopped`` (see ``run_rounds``)."""
    run_rounds("watcher", partial(_round, _watcher(paths)), pause=interval, stopped=stopped)


def _watcher(paths: list[str] | None) -> OutputWatcher:
    return OutputWatcher([Path(path) for path in paths or settings.WATCH_PATHS])


def _round(watcher: OutputWatcher, pulse: Pulse) -> None:
    if watcher.is_waiting:
        # A whole video may be decoded and stored now.
        pulse.beat(seconds=TAKING_SECONDS)
    _look(watcher)


def _look(watcher: OutputWatcher) -> None:
    for job in watcher.look():
        logger.info("Render %s is complete", job.pk)
