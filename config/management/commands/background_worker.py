"""Send mails and do the other work that requests leave behind; what fails is tried again later."""

from __future__ import annotations

import logging
import threading
from argparse import ArgumentParser
from contextlib import suppress
from types import FrameType

import django_rq
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.scheduler import RQScheduler

from config.platform.heartbeat import Pulse
from config.platform.logs import log_context
from config.platform.redis_link import waiting_client
from config.stack.signals import stop_event

logger = logging.getLogger(__name__)

GRACE_SECONDS = 30.0
"""Beyond the time that a task may take."""


class BackgroundWorker(SimpleWorker):
    """Does one task after the other, each on a connection to the database that was looked at before.

    What a task logs is logged under the request that left it behind.
    """

    pulse: Pulse | None = None
    stopped = threading.Event()
    # The longest of the growing waits for a Redis that is away.
    max_connection_wait_time = 5

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        # RQ calls it before it waits for work, and after.
        self._beat(self.dequeue_timeout)
        super().heartbeat(timeout, pipeline)

    def execute_job(self, job: Job, queue: Queue) -> None:
        self._beat((job.timeout or 0) + GRACE_SECONDS)
        close_old_connections()
        try:
            with log_context(request_id=job.meta.get("request_id"), task=job.func_name):
                super().execute_job(job, queue)
        finally:
            close_old_connections()

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.stopped.set()
        super().request_stop(signum, frame)

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()
        if self.stopped.is_set():
            # It came while nobody but the event was told.
            raise StopRequested

    def _beat(self, seconds: float) -> None:
        if self.pulse:
            self.pulse.beat(seconds=seconds)


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--burst", action="store_true", help="stop when the queue is empty")

    def handle(self, *, burst: bool, **options: object) -> None:
        stopped = stop_event()
        if burst:
            run_worker(stopped, burst=True)
            return
        start_scheduler(stopped)
        with Pulse("background") as pulse:
            run_worker(stopped, pulse)
        stopped.set()


def run_worker(stopped: threading.Event, pulse: Pulse | None = None, *, burst: bool = False) -> None:
    """Work until SIGTERM or Ctrl-C, which set ``stopped``, or an error that the worker doesn't outlive.

    Call it in the main thread, which RQ interrupts when a task takes too long.
    """
    connection = waiting_client()
    queue = django_rq.get_queue(settings.BACKGROUND_QUEUE, connection=connection)
    # It looks up from waiting this often, to show that it is there.
    worker = BackgroundWorker([queue], connection=connection, worker_ttl=30)
    worker.pulse, worker.stopped = pulse, stopped
    try:
        with suppress(StopRequested):
            worker.work(burst=burst)
    finally:
        stop_event(stopped)


def start_scheduler(stopped: threading.Event) -> None:
    """Have a thread queue tasks again whose time has come. RQ would fork another whole process for it."""
    threading.Thread(target=_schedule, args=(stopped,), name="scheduler").start()


def _schedule(stopped: threading.Event) -> None:
    scheduler = RQScheduler([settings.BACKGROUND_QUEUE], connection=waiting_client(), logging_level=settings.LOG_LEVEL)
    away = False
    while not stopped.wait(scheduler.interval):
        try:
            # One of all background workers has the lock; if that one is killed, another after a minute.
            if not scheduler.acquired_locks and scheduler.acquire_locks():
                scheduler.register_birth()
            if scheduler.acquired_locks:
                scheduler.heartbeat()
                scheduler.enqueue_scheduled_jobs()
            away = False
        except RedisError as error:
            if not away:
                logger.warning("Redis does not answer the scheduler: %s", error)
            away = True
    with suppress(RedisError):
        scheduler.stop()
