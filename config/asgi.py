"""The ASGI application of the event server. Requests belong to ``config.wsgi``, which answers three times as many."""

import asyncio
import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()

# Once the applications are loaded.
from config.platform.heartbeat import Pulse  # noqa: E402

BEAT_SECONDS = 5.0


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Requests are Django's; the server's start and end are ours, and in between its loop shows signs of life."""
    if scope["type"] != "lifespan":
        await django_application(scope, receive, send)
        return
    await receive()
    pulse = await asyncio.to_thread(Pulse("events").__enter__)
    beating = asyncio.create_task(_beat(pulse))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    beating.cancel()
    await asyncio.to_thread(pulse.__exit__, None, None, None)
    await send({"type": "lifespan.shutdown.complete"})


async def _beat(pulse: Pulse) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        await asyncio.to_thread(pulse.beat)
