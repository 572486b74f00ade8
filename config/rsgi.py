"""The application that granian runs: Django behind the front (``config.front``)."""

import django

from config.start import read_settings

read_settings()
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 - the settings are needed, and what is set up above

from config.front.application import Front  # noqa: E402
from config.front.bodies import Buffers  # noqa: E402
from config.front.handover import Handover  # noqa: E402
from config.front.lanes import Lanes  # noqa: E402
from config.front.limits import allowance  # noqa: E402
from config.front.parts import Sender  # noqa: E402
from config.streams.passing import socket_path  # noqa: E402
from config.wsgi import application as handler  # noqa: E402

CONNECTIONS = 16384
"""Of one process. A slow client costs no more than that, and has to be one of very many to keep others out."""
STREAMS = 12288
"""Of those, so many may stay open for events."""

application = Front(
    handler,
    lanes=Lanes(threads=settings.WEB_THREADS, uploads=settings.UPLOAD_THREADS, passwords=settings.PASSWORD_THREADS),
    buffers=Buffers(
        settings.WEB_BUFFER_BYTES // settings.WEB_PROCESSES,
        settings.FILE_UPLOAD_TEMP_DIR,
        grace=settings.WEB_GRACE_SECONDS,
        rate=settings.WEB_LOWEST_RATE,
    ),
    allowance=allowance,
    handover=Handover(socket_path(), room=STREAMS),
    sender=Sender(grace=settings.WEB_GRACE_SECONDS, rate=settings.WEB_LOWEST_RATE),
)
