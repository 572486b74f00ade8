"""The status page: cheap however often it is asked for."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from config.api.models import Heartbeat
from config.platform import health
from config.platform.heartbeat import Pulse

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_process_answers_for_many_visitors(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\necho called >> {calls}\n")
    program.chmod(0o755)
    probe = health.Probe(
        "ffmpeg", lambda: subprocess.run([program], check=True).returncode == 0, seconds=60, failed=False
    )
    with ThreadPoolExecutor(8) as visitors:
        answers = list(visitors.map(lambda _: probe.begin().result(30), range(50)))
    assert answers == [True] * 50
    assert calls.read_text() == "called\n"


def test_an_answer_grows_old() -> None:
    numbers = iter(range(10))
    probe = health.Probe("numbers", lambda: next(numbers), seconds=0, failed=-1)
    assert [probe.begin().result(30) for _ in range(3)] == [0, 1, 2]


def test_programs_are_told_while_they_run(anonymous: APIClient, settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path

    def programs() -> dict[str, bool]:
        return health.Probe("programs", health.programs_alive, seconds=0, failed={}).begin().result(30)

    with Pulse("a program") as pulse:
        assert programs() == {"a program": True}
        Heartbeat.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        assert programs() == {"a program": False}
        pulse.beat(seconds=1)
        assert programs() == {"a program": True}
    assert programs() == {}
    assert "programs" in anonymous.get("/api/status").json()["data"]
