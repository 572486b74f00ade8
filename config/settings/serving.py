"""How the processes of one machine are served, and the first staff login."""

from config.settings.core import BASE_DOMAIN
from config.settings.environment import env

HOST = env.str("HOST", "127.0.0.1")
PORT = env.int("PORT", 8000)
WEB_THREADS = env.int("WEB_THREADS", 8)
# Lanes of their own for what takes long, so that it never takes all threads (config.front.lanes).
UPLOAD_THREADS = env.int("UPLOAD_THREADS", 3)
PASSWORD_THREADS = env.int("PASSWORD_THREADS", 2)
# What bodies that are still being received may take on disk, all of one process together.
WEB_BUFFER_BYTES = env.int("WEB_BUFFER_BYTES", 4 * 1024**3)
RENDER_WORKERS = env.int("RENDER_WORKERS", 1)
HEARTBEAT_SECONDS = env.float("HEARTBEAT_SECONDS", 30.0)
"""A background program that shows no sign of life for this long, beyond what its work may take, is started again."""

STUDIO_ADMIN_EMAIL = env.str("STUDIO_ADMIN_EMAIL", "") or f"admin@{BASE_DOMAIN}"
STUDIO_ADMIN_PASSWORD = env.str("STUDIO_ADMIN_PASSWORD", "")
"""Empty: a random one is made with the account, and printed once."""
