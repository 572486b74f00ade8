"""The WSGI application, which the front runs (``config.rsgi``), or any WSGI server behind a proxy that buffers."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
