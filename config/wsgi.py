"""The WSGI application that granian (or any WSGI server) runs."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from config.request_bodies import StudioHandler  # noqa: E402 - it imports what the set-up prepares

application = StudioHandler()
