"""The version has one home, and is told wherever somebody asks for it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from config import VERSION

CHANGES = (Path(settings.BASE_DIR) / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("asked", ["version", "--version"])
def test_the_command_line_tells_it(asked: str) -> None:
    told = subprocess.run([sys.executable, "manage.py", asked], cwd=settings.BASE_DIR, capture_output=True, text=True)
    assert told.stdout.split() == [VERSION]


@pytest.mark.django_db
def test_the_schema_tells_it(client: Client) -> None:
    assert client.get("/api/schema?format=json").json()["info"]["version"] == VERSION


def test_the_changelog_has_it() -> None:
    headings = re.findall(r"^## \[(.+?)\]", CHANGES, re.MULTILINE)
    # What is being worked on stands above what was released last.
    assert headings[0] == "Unreleased" if ".dev" in VERSION else VERSION in headings
