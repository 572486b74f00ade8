"""Give dead workers' renders to living ones, wake workers for what nobody heard of, sweep what is left over, and have
done what is due every hour.
"""

import logging
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.services import allowances, lockout, personal_data
from config import background
from config.api import freshness
from config.api.idempotency import forget_before
from config.api.models import DurableEntry
from config.cache import durable
from config.heartbeat import Pulse, forget_programs
from config.rounds import attempt, run_rounds
from studio.services import blobs, jobs, orphans, presigned

logger = logging.getLogger(__name__)

# A client that repeats a request does so within hours, not weeks.
KEPT_ANSWERS = timedelta(days=7)

HOURLY = ("commerce.tasks.expire_orders",)


class Command(BaseCommand):
    help = __doc__
    # Those of views would load them all; `prepare` and the web server's image do them (`manage.py check`).
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one pass instead of one every REAP_INTERVAL_SECONDS")

    def handle(self, *, once: bool, **options: Any) -> None:
        if once:
            for what, do in _PARTS.items():
                _tell(what, do())
        else:
            run_reaper()


def run_reaper(stopped: threading.Event | None = None) -> None:
    """Round after round until ``stopped`` (see ``run_rounds``)."""
    run_rounds("reaper", _round, pause=settings.REAP_INTERVAL_SECONDS, stopped=stopped)


def _round(pulse: Pulse) -> None:
    for what, do in _PARTS.items():
        # One that fails keeps none of the others from their work.
        _tell(what, attempt(f"The reaper's part {what!r}", do))
        pulse.beat()


def _tell(what: str, count: Any) -> None:
    if count:
        logger.info("%s: %s", what, count)


def _forget_answers() -> int:
    return forget_before(timezone.now() - KEPT_ANSWERS)


def _forget_expired() -> int:
    return DurableEntry.objects.filter(expires__lt=timezone.now()).delete()[0]


def _settle() -> int:
    with suppress(RedisError):
        return freshness.settle()
    return 0


def _queue_hourly() -> int:
    """Queue what is due once an hour, by whichever reaper comes first; answers how many."""
    # Asked first: to add what is there is an error in PostgreSQL's log.
    if durable.get("reap:hourly") or not durable.add("reap:hourly", 1, timeout=3600):
        return 0
    try:
        for task in HOURLY:
            background.queue_now(task)
    except RedisError:
        # The next round tries again.
        durable.delete("reap:hourly")
        return 0
    return len(HOURLY)


_PARTS: dict[str, Callable[[], Any]] = {
    "renders": lambda: {what: count for what, count in jobs.reap().items() if count},
    "tasks queued that Redis had not taken": background.queue_again,
    "lists told of changes that Redis had missed": _settle,
    "data requests queued again": lambda: personal_data.queue_again(timezone.now()),
    "exports swept": lambda: personal_data.sweep_exports(timezone.now()),
    "counters of the queue put right": jobs.check_counters,
    "work folders swept": jobs.sweep_work_dirs,
    "uploads swept": presigned.sweep_uploads,
    "folders of dead processes swept": blobs.sweep_scratch,
    "files that nothing refers to swept": orphans.sweep_orphans,
    "allowances forgotten": lambda: allowances.forget_over(timezone.now()),
    "failed logins forgotten": lambda: lockout.forget_over(timezone.now()),
    "idempotency keys forgotten": _forget_answers,
    "expired marks forgotten": _forget_expired,
    "programs forgotten": forget_programs,
    "hourly tasks queued": _queue_hourly,
}
