"""Send mails and do the other work that requests leave behind; what fails is tried again later."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import nullcontext
from typing import Any

import django_rq
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections
from rq import Queue, SimpleWorker
from rq.job import Job

from config.heartbeat import Pulse
from config.logs import log_context
from config.redis_link import waiting_client

GRACE_SECONDS = 30.0
"""Beyond the time that a task may take."""


class BackgroundWorker(SimpleWorker):
    """Does one task after the other, each on a connection to the database that was looked at before.

    What a task logs is logged under the request that left it behind.
    """

    pulse: Pulse | None = None
    # The longest of the growing waits for a Redis that is away.
    max_connection_wait_time = 5

    def heartbeat(self, *args: Any, **options: Any) -> None:
        # RQ calls it before it waits for work, and after.
        self._beat(self.dequeue_timeout)
        super().heartbeat(*args, **options)

    def execute_job(self, job: Job, queue: Queue) -> None:
        self._beat((job.timeout or 0) + GRACE_SECONDS)
        close_old_connections()
        try:
            with log_context(request_id=job.meta.get("request_id"), task=job.func_name):
                super().execute_job(job, queue)
        finally:
            close_old_connections()

    def _beat(self, seconds: float) -> None:
        if self.pulse:
            self.pulse.beat(seconds=seconds)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--burst", action="store_true", help="stop when the queue is empty")

    def handle(self, *, burst: bool, **options: Any) -> None:
        connection = waiting_client()
        queue = django_rq.get_queue(settings.BACKGROUND_QUEUE, connection=connection)
        # It looks up from waiting this often, to show that it is there.
        worker = BackgroundWorker([queue], connection=connection, worker_ttl=30)
        with nullcontext() if burst else Pulse("background") as pulse:
            worker.pulse = pulse
            worker.work(burst=burst, with_scheduler=not burst)
