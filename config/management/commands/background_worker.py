"""Send mails and do the other work that requests leave behind; what fails is tried again later."""

from argparse import ArgumentParser
from typing import Any

import django_rq
from django.conf import settings
from django.core.management.base import BaseCommand
from rq import SimpleWorker


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--burst", action="store_true", help="stop when the queue is empty")

    def handle(self, *, burst: bool, **options: Any) -> None:
        queue = django_rq.get_queue(settings.BACKGROUND_QUEUE)
        worker = SimpleWorker([queue], connection=queue.connection)
        worker.work(burst=burst, with_scheduler=not burst)
