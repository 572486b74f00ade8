"""The reaper, the output watcher and the background worker in one process, as `serve` runs them.

What fails in one of them is logged and keeps none of the others from their work. Each gives signs of life of its own;
if one hangs, the process ends itself, and whoever started it starts all three again.
"""

import threading
from collections.abc import Callable

from django.core.management.base import BaseCommand

from config.management.commands.background_worker import run_worker, start_scheduler
from config.management.commands.reap import run_reaper
from config.platform.heartbeat import Pulse
from config.platform.rounds import attempt
from config.stack.signals import stop_event
from studio.management.commands.watch_output import run_watcher

PAUSE_SECONDS = 2.0
"""Before a part that ended is begun again."""


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def handle(self, **options: object) -> None:
        stopped = stop_event()
        parts = {"reaper": lambda: run_reaper(stopped), "watcher": lambda: run_watcher(stopped=stopped)}
        for name, part in parts.items():
            threading.Thread(target=_keep, args=(name, part, stopped), name=name).start()
        start_scheduler(stopped)
        with Pulse("background") as pulse:
            # In this thread: RQ ends a task that takes too long by a signal.
            _keep("background worker", lambda: run_worker(stopped, pulse), stopped, pulse)


def _keep(name: str, part: Callable[[], None], stopped: threading.Event, pulse: Pulse | None = None) -> None:
    while not stopped.is_set():
        attempt(f"The {name}", part)
        if pulse:
            pulse.beat(seconds=PAUSE_SECONDS)
        stopped.wait(PAUSE_SECONDS)
