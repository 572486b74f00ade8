"""Every test run has a real PostgreSQL and Redis: those of DATABASE_URL and REDIS_URL, or embedded ones of its own."""

import os
import signal
import sys
from collections.abc import Iterator

import django
import pytest
import pytest_timeout
from django.conf import settings

from config.stack.testing import TestStack
from tests.patience import Alarm
from tests.slow import mark_and_order

# Not in pytest.ini: pytest-django would load the settings before this file can say where the database is.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# On a busy machine a turn takes longer than anybody should wait for in an answer.
os.environ.setdefault("LOCK_TIMEOUT_SECONDS", "120")
os.environ.setdefault("IDLE_TRANSACTION_SECONDS", "600")
# On a machine that is busy with other work a Redis that is late is none that is away.
os.environ.setdefault("REDIS_TIMEOUT_SECONDS", "10")
# What a test sets must be over with it.
os.environ.setdefault("RUNTIME_SETTINGS_SECONDS", "0")
os.environ.setdefault("FIGURES_SECONDS", "0")
# What is rendered must not depend on what the processor is measured to be good at.
os.environ.setdefault("RENDER_PRECISION", "float32")
os.environ.setdefault("TRANSACTION_GUARD", "1")
# Tests start hundreds of programs. Without the bytecode of what they import each would take twice as long.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
stack = TestStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="write golden frames and figures anew instead of comparing")


def pytest_configure(config: pytest.Config) -> None:
    django.setup()
    # In a parallel run modules are given out in the order of ``tests.slow``, instead of by their number of tests.
    config.option.loadscopereorder = False
    # What tests are not about, in its quickest form.
    settings.PASSWORD_HASHERS = ["tests.hashing.QuickArgon2PasswordHasher", *settings.PASSWORD_HASHERS[1:]]
    # Looks static files up when asked, instead of walking all of them for every test client.
    settings.WHITENOISE_AUTOREFRESH = True
    # Outermost: what it says of an answer is what the client got.
    settings.MIDDLEWARE.insert(0, "tests.described.DescribedAnswers")
    # After the setup, because it imports models.
    config.pluginmanager.import_plugin("tests.fixtures")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_and_order(items)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    # Of a parallel run this process only collects the results; the ones it starts now have stacks of their own.
    if session.config.pluginmanager.hasplugin("dsession"):
        stack.withdraw()
        del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure(config: pytest.Config) -> None:
    stack.remove()


def pytest_timeout_set_timer(item: pytest.Item, settings: pytest_timeout.Settings) -> bool:
    """The limit of a test, in patience instead of seconds of the clock. It interrupts the test, as the plugin would."""
    alarm = Alarm(settings.timeout, lambda: os.kill(os.getpid(), signal.SIGALRM))
    signal.signal(signal.SIGALRM, lambda *_: pytest_timeout.timeout_sigalrm(item, settings))
    item.cancel_timeout = alarm.cancel  # type: ignore[attr-defined]
    return True


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """The running servers. Every test with a database has them; one that needs Redis alone asks for this."""
    stack.start()
    yield
    stack.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: None) -> None:
    """What pytest-django calls before it makes the test database."""
