"""The ASGI application of the event server. Requests belong to ``config.wsgi``, which answers three times as many."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_asgi_application()
