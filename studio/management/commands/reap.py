"""Give dead workers' renders to living ones, wake workers for what nobody heard of, sweep what is left over, and have
done what is due every hour.
"""

import logging
import threading
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.management.base import BaseCommand
from django.db import OperationalError
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.services import personal_data
from config import background
from config.api.idempotency import forget_before
from config.stack.signals import stop_event
from studio.services import blobs, jobs, presigned

logger = logging.getLogger(__name__)

# A client that repeats a request does so within hours, not weeks.
KEPT_ANSWERS = timedelta(days=7)

HOURLY = ("commerce.tasks.expire_orders",)


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
                    "folders of dead processes swept": blobs.sweep_scratch(),
                    "idempotency keys forgotten": forget_before(now - KEPT_ANSWERS),
                    "hourly tasks queued": _queue_hourly(),
                }
                if any(counts.values()):
                    self.stdout.write(", ".join(f"{count} {what}" for what, count in counts.items() if count))
            except OperationalError:
                if once:
                    raise
                logger.exception("The database does not answer; trying again")
            if once or stopped.wait(settings.REAP_INTERVAL_SECONDS):
                return


def _queue_hourly() -> int:
    """Queue what is due once an hour, by whichever reaper comes first; answers how many."""
    try:
        if not cache.add("reap:hourly", 1, timeout=3600):
            return 0
    except RedisError:
        logger.exception("Redis does not answer; what is due once an hour waits")
        return 0
    for task in HOURLY:
        background.enqueue(task)
    return len(HOURLY)
