"""A worker says what it is: who, where, on which device, with what loaded. For staff alone; no render waits for it."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil
from redis.exceptions import RedisError

from studio.services.jobs.workers import REPORT_SECONDS, Report, forget, now, report

logger = logging.getLogger(__name__)


@contextmanager
def reporting(name: str, queues: Sequence[str]) -> Iterator[None]:
    """Report from a thread while the block runs."""
    over = threading.Event()
    started = 0.0

    def tell() -> None:
        nonlocal started
        while not over.is_set():
            try:
                moment = now()
                started = started or moment
                report(_report(name, queues, started, moment))
            except RedisError:
                # It is known again when Redis is back.
                pass
            except Exception:
                logger.exception("What the worker is can't be told")
            over.wait(REPORT_SECONDS)

    thread = threading.Thread(target=tell, name="reports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(REPORT_SECONDS)
        with suppress(RedisError):
            forget(name)


def _report(name: str, queues: Sequence[str], started: float, moment: float) -> Report:
    device, used, total = _device()
    return {
        "name": name,
        "machine": socket.gethostname(),
        "pid": os.getpid(),
        "queues": list(queues),
        "device": device,
        "memory_used": used,
        "memory_total": total,
        "models": _models(),
        "started": started,
        "seen": moment,
    }


def _device() -> tuple[str, int, int]:
    """Name, and bytes used and there. Asks nothing that would load a library, or set up a GPU, for that alone."""
    cache = sys.modules.get("studio.rendering.models.cache")
    torch = sys.modules.get("torch")
    if cache is not None and torch is not None and torch.cuda.is_initialized():
        # The one of the settings: which is current is another thread's affair.
        device = cache.default_device()
        if device.type == "cuda":
            free, total = torch.cuda.mem_get_info(device)
            return f"cuda:{device.index or 0} {torch.cuda.get_device_name(device)}", total - free, total
    memory = psutil.virtual_memory()
    return ("cpu" if _models() else ""), memory.total - memory.available, memory.total


def _models() -> list[str]:
    cache = sys.modules.get("studio.rendering.models.cache")
    return cache.warm_models() if cache is not None else []
