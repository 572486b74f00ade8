"""Every test run has a real PostgreSQL and Redis: those of DATABASE_URL and REDIS_URL, or embedded ones of its own."""

import os
from collections.abc import Iterator

import django
import pytest

from config.stack.testing import TestStack

# Not in pytest.ini: pytest-django would load the settings before this file can say where the database is.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
stack = TestStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="write the golden frames anew instead of comparing")


def pytest_configure(config: pytest.Config) -> None:
    django.setup()
    # After the setup, because it imports models.
    config.pluginmanager.import_plugin("tests.fixtures")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    # Of a parallel run this process only collects the results; the ones it starts now have stacks of their own.
    if session.config.pluginmanager.hasplugin("dsession"):
        stack.withdraw()
        del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure(config: pytest.Config) -> None:
    stack.remove()


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """The running servers. Every test with a database has them; one that needs Redis alone asks for this."""
    stack.start()
    yield
    stack.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: None) -> None:
    """What pytest-django calls before it makes the test database."""
