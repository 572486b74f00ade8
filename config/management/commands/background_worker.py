"""Send mails and do the other work that requests leave behind; what fails is tried again later."""

from argparse import ArgumentParser
from typing import Any

import django_rq
from django.conf import settings
from django.core.management.base import BaseCommand
from rq import Queue, SimpleWorker
from rq.job import Job

from config.logs import log_context


class BackgroundWorker(SimpleWorker):
    """Logs what a task does under the request that left it behind."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        with log_context(request_id=job.meta.get("request_id"), task=job.func_name):
            super().execute_job(job, queue)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--burst", action="store_true", help="stop when the queue is empty")

    def handle(self, *, burst: bool, **options: Any) -> None:
        queue = django_rq.get_queue(settings.BACKGROUND_QUEUE)
        worker = BackgroundWorker([queue], connection=queue.connection)
        worker.work(burst=burst, with_scheduler=not burst)
