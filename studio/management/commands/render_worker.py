"""Render jobs from the queues, one after the other, in a process that stays warm.

Start as many as there are GPUs, on as many machines as share one Redis, one PostgreSQL and one storage.
"""

from argparse import ArgumentParser
from typing import Any

import django_rq
from django.conf import settings
from django.core.management.base import BaseCommand

from config.redis_link import waiting_client


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("queues", nargs="*", default=settings.RENDER_QUEUES, help="queues to serve (default: all)")
        parser.add_argument("--burst", action="store_true", help="stop when the queues are empty")

    def handle(self, *, queues: list[str], burst: bool, **options: Any) -> None:
        # Here and not in the app's ready(): it loads torch, which nothing but a worker needs.
        from studio.rendering.models import cache
        from studio.tasks import render_due
        from studio.worker import RenderWorker

        cache.configure(device=settings.RENDER_DEVICE, capacity=settings.MODEL_CACHE_BYTES)
        connection = waiting_client()
        waited_for = [django_rq.get_queue(name, connection=connection) for name in queues]
        worker = RenderWorker(waited_for, connection=connection)
        worker.render_due = render_due
        worker.work(burst=burst, logging_level=settings.LOG_LEVEL)
