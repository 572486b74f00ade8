"""Give dead workers' renders to living ones, wake workers for what nobody heard of, sweep what is left over."""

import logging
import threading
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import OperationalError
from django.utils import timezone

from accounts.services import personal_data
from config import background
from config.api.idempotency import forget_before
from config.stack.signals import stop_event
from studio.services import jobs, presigned

logger = logging.getLogger(__name__)

# A client that repeats a request does so within hours, not weeks.
KEPT_ANSWERS = timedelta(days=7)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one pass instead of one every REAP_INTERVAL_SECONDS")

    def handle(self, *, once: bool, **options: Any) -> None:
        stopped = threading.Event() if once else stop_event()
        while True:
            try:
                now = timezone.now()
                counts = jobs.reap() | {
                    "tasks queued that Redis had not taken": background.queue_again(),
                    "data requests queued again": personal_data.queue_again(now),
                    "exports swept": personal_data.sweep_exports(now),
                    "work folders swept": jobs.sweep_work_dirs(),
                    "uploads swept": presigned.sweep_uploads(),
                    "idempotency keys forgotten": forget_before(now - KEPT_ANSWERS),
                }
                if any(counts.values()):
                    self.stdout.write(", ".join(f"{count} {what}" for what, count in counts.items() if count))
            except OperationalError:
                if once:
                    raise
                logger.exception("The database does not answer; trying again")
            if once or stopped.wait(settings.REAP_INTERVAL_SECONDS):
                return
