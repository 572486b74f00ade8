"""How the processes of one machine are served, and the first staff login."""

import os

from config.settings.core import BASE_DOMAIN
from config.settings.environment import env

HOST = env.text("HOST", "127.0.0.1")
PORT = env.whole("PORT", 8000, most=65535)
# Each takes a core, and some 40 MiB.
_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
WEB_PROCESSES = env.whole("WEB_PROCESSES", min(4, _cores))
# Of each process.
WEB_THREADS = env.whole("WEB_THREADS", 8)
# Lanes of their own for what takes long, so that it never takes all threads (config.front.lanes).
UPLOAD_THREADS = env.whole("UPLOAD_THREADS", 2)
PASSWORD_THREADS = env.whole("PASSWORD_THREADS", 2)
# What bodies that are still being received may take on disk, all of one web server together.
WEB_BUFFER_BYTES = env.whole("WEB_BUFFER_BYTES", 4 * 1024**3)
WEB_HEADER_SECONDS = env.number("WEB_HEADER_SECONDS", 15.0, most=60)
"""In which the head of a request has to be there."""
# A body takes so long at most, and a second more for so many bytes that have come. The slowest phone sends ten times as
# many; who doesn't gets a 408.
WEB_GRACE_SECONDS = env.number("WEB_GRACE_SECONDS", 20.0, least=0)
WEB_LOWEST_RATE = env.whole("WEB_LOWEST_RATE", 1024)
EVENTS_SOCKET = env.str("EVENTS_SOCKET", "")
"""Where the event server is reached by the web processes of its machine; empty: in the data folder."""
EVENT_STREAMS = env.whole("EVENT_STREAMS", 10_000)
EVENT_STREAMS_PER_USER = env.whole("EVENT_STREAMS_PER_USER", 20)
RENDER_WORKERS = env.whole("RENDER_WORKERS", 1, least=0)
HEARTBEAT_SECONDS = env.number("HEARTBEAT_SECONDS", 30.0)
"""A background program that shows no sign of life for this long, beyond what its work may take, is started again."""

STUDIO_ADMIN_EMAIL = env.mailbox("STUDIO_ADMIN_EMAIL") or f"admin@{BASE_DOMAIN}"
STUDIO_ADMIN_PASSWORD = env.str("STUDIO_ADMIN_PASSWORD", "")
"""Empty: a random one is made with the account, and printed once."""
