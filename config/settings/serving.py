"""How the processes of one machine are served, and the first staff login."""

from config.settings.core import BASE_DOMAIN
from config.settings.environment import env

HOST = env.str("HOST", "127.0.0.1")
PORT = env.int("PORT", 8000)
WEB_THREADS = env.int("WEB_THREADS", 8)
RENDER_WORKERS = env.int("RENDER_WORKERS", 1)

STUDIO_ADMIN_EMAIL = env.str("STUDIO_ADMIN_EMAIL", "") or f"admin@{BASE_DOMAIN}"
STUDIO_ADMIN_PASSWORD = env.str("STUDIO_ADMIN_PASSWORD", "")
"""Empty: a random one is made with the account, and printed once."""
