"""``compose.yaml`` gives every container every setting of ``.env``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from config.settings.environment import env

FOLDER = Path(settings.BASE_DIR)
OTHERS = {"postgres", "redis", "proxy"}
"""Images that are not ours."""
FIXED = {"STUDIO_DATA_DIR"}
"""Where the volume is mounted, whatever ``.env`` says."""
OF_THE_STACK = {"HOST", "PORT", "RENDER_WORKERS"}
"""What no program of ours reads by itself: compose publishes and counts by it."""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]


def test_every_program_reads_all_of_env(services: dict[str, Any]) -> None:
    ours = {name: service for name, service in services.items() if name not in OTHERS}
    assert {"web", "events", "worker", "background", "watcher", "reaper", "prepare"} == set(ours)
    assert {
        name for name, service in ours.items() if {"path": ".env", "required": False} not in service["env_file"]
    } == set()


def test_nothing_that_env_says_is_overruled(services: dict[str, Any]) -> None:
    for name in services.keys() - OTHERS:
        overruled = services[name]["environment"]
        assert set(overruled) <= set(env.dump())
        assert {key for key, value in overruled.items() if not value.startswith(f"${{{key}:")} == FIXED


def test_the_stack_is_set_up_by_env(services: dict[str, Any]) -> None:
    named = set(re.findall(r"\$\{([A-Z_]+)", str({name: services[name] for name in ("proxy", "web", "worker")})))
    assert named >= OF_THE_STACK


def test_every_secret_of_compose_is_told(services: dict[str, Any]) -> None:
    """What ``.env`` must say that no setting is."""
    needed = set(re.findall(r"\$\{([A-Z_]+):\?", (FOLDER / "compose.yaml").read_text())) - set(env.dump())
    example = (FOLDER / ".env.example").read_text()
    assert {name for name in needed if name not in example} == set()
