"""Whether what renders is there; the status page tells."""

from __future__ import annotations

import subprocess

import django_rq
from django.conf import settings
from rq.worker import Worker

from studio.rendering.media import ffmpeg


def workers_listen() -> bool:
    """Raises RedisError when nobody can tell."""
    return Worker.count(connection=django_rq.get_connection(settings.RENDER_QUEUES[0])) > 0


def ffmpeg_runs() -> bool:
    """Raises OSError and CalledProcessError when it does not."""
    return subprocess.run([ffmpeg.binary(), "-version"], capture_output=True, timeout=10, check=True).returncode == 0
