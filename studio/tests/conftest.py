"""Loads the fixtures of ``applied`` once Django is set up, which a conftest can't wait for."""

from typing import Any

import pytest


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("studio.tests.applied")


@pytest.fixture(autouse=True)
def studio_settings(settings: Any) -> None:
    settings.THROTTLES = {}
    # Nobody logs in with a password here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Looks static files up when asked, instead of walking all of them for every test client.
    settings.WHITENOISE_AUTOREFRESH = True
