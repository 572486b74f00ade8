"""Is each part of the product up? Public, so it tells no more than that."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable

import django_rq
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from rq.worker import Worker

from studio.rendering.media import ffmpeg

logger = logging.getLogger(__name__)


def service_states() -> dict[str, bool]:
    """Every service's name and whether it answers."""
    return {name: is_up(name) for name in SERVICES}


def is_up(name: str) -> bool:
    """Whether one service answers; why not goes to the log."""
    try:
        return SERVICES[name]()
    except Exception:
        # Whatever a broken service raises, the answer is the same.
        logger.exception("The service %s does not answer", name)
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _redis() -> bool:
    return bool(django_rq.get_connection(settings.RENDER_QUEUES[0]).ping())


def _workers() -> bool:
    return Worker.count(connection=django_rq.get_connection(settings.RENDER_QUEUES[0])) > 0


def _storage() -> bool:
    default_storage.exists("health")
    return True


def _ffmpeg() -> bool:
    return subprocess.run([ffmpeg.binary(), "-version"], capture_output=True, timeout=10, check=True).returncode == 0


SERVICES: dict[str, Callable[[], bool]] = {
    "database": _database,
    "redis": _redis,
    "storage": _storage,
    "workers": _workers,
    "ffmpeg": _ffmpeg,
}
ESSENTIAL = ("database", "redis", "storage")
"""Without these the API can't serve; without workers it can, renders wait."""
