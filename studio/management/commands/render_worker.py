"""Render jobs from the queues, one after the other, in a process that stays warm.

Start as many as there are GPUs, on as many machines as share one Redis, one PostgreSQL and one storage.
"""

from argparse import ArgumentParser
from typing import Any

import django_rq
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("queues", nargs="*", default=settings.RENDER_QUEUES, help="queues to serve (default: all)")
        parser.add_argument("--burst", action="store_true", help="stop when the queues are empty")

    def handle(self, *, queues: list[str], burst: bool, **options: Any) -> None:
        # Here and not in the app's ready(): it loads torch, which nothing but a worker needs.
        from studio.rendering.models import cache
        from studio.tasks import render_due

        cache.configure(device=settings.RENDER_DEVICE, capacity=settings.MODEL_CACHE_BYTES)
        # A dotted name: django-rq takes no subclass of SimpleWorker otherwise.
        worker = django_rq.get_worker(*queues, worker_class="studio.worker.RenderWorker")
        worker.render_due = render_due  # type: ignore[attr-defined]
        worker.work(burst=burst, logging_level=settings.LOG_LEVEL)
