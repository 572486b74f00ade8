"""A key that can be guessed signs nothing: every program refuses to start with one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings

REASON = "SECRET_KEY is too weak"


def start(key: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import config.settings as s; print(len(s.SECRET_KEY))"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "SECRET_KEY": key, **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("key", ["hunter2", "x" * 64, "abc" * 20, "django-insecure-" + "0123456789abcdef" * 4])
def test_a_weak_key_is_refused(key: str) -> None:
    refused = start(key)
    assert refused.returncode != 0
    assert REASON in refused.stderr
    assert key not in refused.stderr


@pytest.mark.parametrize("key", ["", "0123456789abcdef" * 2])
def test_a_strong_key_and_none_at_all_are_taken(key: str) -> None:
    assert int(start(key).stdout) >= 32


def test_development_may_use_any_key() -> None:
    assert start("secret", DEBUG="true").stdout == "6\n"


@pytest.mark.parametrize("program", [["manage.py", "serve"], ["manage.py", "render_worker"], ["-m", "config.wsgi"]])
def test_every_program_refuses_it(program: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, *program],
        cwd=settings.BASE_DIR,
        env={**os.environ, "SECRET_KEY": "secret"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode != 0
    assert REASON in ended.stderr
