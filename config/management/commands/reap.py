"""Give dead workers' renders to living ones, wake workers for what nobody heard of, sweep what is left over, and have
done what is due every hour.
"""

import logging
import threading
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand

from config.platform.heartbeat import Pulse
from config.platform.hooks import every_pass
from config.platform.rounds import attempt, run_rounds

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = __doc__
    # They would load all views; `prepare` makes them.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one pass instead of one every REAP_INTERVAL_SECONDS")

    def handle(self, *, once: bool, **options: object) -> None:
        if once:
            for what, do in every_pass.items():
                _tell(what, do())
        else:
            run_reaper()


def run_reaper(stopped: threading.Event | None = None) -> None:
    """Round after round until ``stopped`` (see ``run_rounds``)."""
    run_rounds("reaper", _round, pause=settings.REAP_INTERVAL_SECONDS, stopped=stopped)


def _round(pulse: Pulse) -> None:
    for what, do in every_pass.items():
        # One that fails keeps none of the others from their work.
        _tell(what, attempt(f"The reaper's part {what!r}", do))
        pulse.beat()


def _tell(what: str, count: object) -> None:
    if count:
        logger.info("%s: %s", what, count)
