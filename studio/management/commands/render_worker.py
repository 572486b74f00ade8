"""Render jobs from the queues, one after the other, in a process that stays warm.

Start as many as there are GPUs, on as many machines as share one Redis, one PostgreSQL and one storage.
"""

import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import django_rq
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from config.platform.heartbeat import Pulse
from config.platform.redis_link import waiting_client
from studio.providers.renderer import renderer
from studio.reports import reporting
from studio.services.jobs.drains import is_drained
from studio.tasks import render_due
from studio.worker import RenderWorker


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("queues", nargs="*", default=settings.RENDER_QUEUES, help="queues to serve (default: all)")
        parser.add_argument("--burst", action="store_true", help="stop when the queues are empty")
        parser.add_argument("--name", help="give signs of life under this name, by which `serve` knows it")

    def handle(self, *, queues: list[str], burst: bool, name: str | None, **options: object) -> None:
        with nullcontext() if name is None else _signs_of_life(name):
            if settings.PRELOAD_RENDERER:
                renderer()
            else:
                # Some of what it takes is there before the first render, which loads the rest.
                import torch  # noqa: F401

            waiting = waiting_client()
            waited_for = [django_rq.get_queue(queue, connection=waiting) for queue in queues]
            worker = RenderWorker(waited_for, connection=waiting)
            worker.render_due = render_due
            worker.is_drained = partial(is_drained, worker.name)
            with reporting(worker.name, queues):
                worker.work(burst=burst, logging_level=settings.LOG_LEVEL)


@contextmanager
def _signs_of_life(name: str) -> Iterator[None]:
    """Say that the process runs. Whether its render gets on is watched by the render's lease."""
    over = threading.Event()

    def beat(pulse: Pulse) -> None:
        while not over.wait(settings.HEARTBEAT_SECONDS / 3):
            pulse.beat(seconds=settings.LEASE_SECONDS)
            connection.close()

    with Pulse(name) as pulse:
        pulse.beat(seconds=settings.LEASE_SECONDS)
        threading.Thread(target=beat, args=(pulse,), name="signs-of-life", daemon=True).start()
        try:
            yield
        finally:
            over.set()
