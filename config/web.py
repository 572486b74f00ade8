"""The web server: ``python -m config.web``, Granian with the product loaded before it forks its processes.

So they share the pages of what was loaded, and each costs a third of what it would by itself. A process that ends is
replaced, and one whose loop stands still is killed for it.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import resource
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.common import AbstractServer
from granian.server.mp import WorkerProcess

from config.rsgi import CONNECTIONS, application

# After the application, which sets Django up.
from django.conf import settings  # isort: skip

from config.front.pulse import Pulse  # isort: skip

logger = logging.getLogger(__name__)

LOG_CONFIG = Path(__file__).with_name("granian_log.json")
KILL_AFTER_SECONDS = 5
LOOK_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m config.web", description=__doc__)
    parser.add_argument("--host", default=settings.HOST, help="address to listen on (HOST; %(default)s)")
    parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen on (PORT; %(default)s)")
    options = parser.parse_args()

    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    server = Granian(
        "config.rsgi:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.RSGI,
        workers=settings.WEB_PROCESSES,
        websockets=False,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=int(1000 * settings.WEB_HEADER_SECONDS)),
        log_level=LogLevels.error,
        log_dictconfig=json.loads(LOG_CONFIG.read_text()),
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_SECONDS,
        working_dir=settings.BASE_DIR,
    )
    with tempfile.TemporaryDirectory(prefix="studio-web-") as folder:
        application.pulse = Pulse(Path(folder), settings.HEARTBEAT_SECONDS)
        threading.Thread(target=_watch, args=(server, application.pulse), name="watchdog", daemon=True).start()
        # What is there now stays: a collector that touches it would copy its pages for every process.
        gc.collect()
        gc.freeze()
        server.serve()


def _watch(server: AbstractServer[WorkerProcess], pulse: Pulse) -> None:
    while True:
        time.sleep(LOOK_SECONDS)
        for worker in list(server.wrks):
            pid = worker.inner.pid
            if pid is None or not worker.is_alive():
                continue
            if pulse.is_late(pid, time.monotonic() - worker.birth):
                logger.critical("Web process %s gives no sign of life: killed", pid)
                pulse.forget(pid)
                # Not ``kill`` of the worker itself, which says that nobody need replace it.
                worker.inner.kill()


if __name__ == "__main__":
    main()
