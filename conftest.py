"""Every test run has a real PostgreSQL and Redis: those of DATABASE_URL and REDIS_URL, or embedded ones of its own."""

import os

import pytest

from config.stack.testing import TestStack

# Not in pytest.ini: pytest-django would load the settings before this file can say where the database is.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
stack = TestStack()


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    # Temporary while apps are being written: a broken app must not stop tests that need no Django.
    import django
    from django.utils.functional import empty

    try:
        django.setup()
    except Exception as error:
        print("Django is not set up:", repr(error))
        settings._wrapped = empty


def pytest_sessionstart(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        stack.prepare()


def pytest_runtestloop(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        stack.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    stack.stop()
