"""The commands of ``docs/first-hour.md``, run as they stand there against a studio that runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from studio.rendering.media.probe import probe
from tests.test_serve import Serve, running

pytestmark = pytest.mark.timeout(600)

PAGE = (Path(settings.BASE_DIR) / "docs" / "first-hour.md").read_text()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    with running(tmp_path_factory.mktemp("serve")) as serve:
        yield serve


@pytest.fixture
def folder(tmp_path: Path, media_dir: Path) -> Path:
    shutil.copy(media_dir / "clip.mp4", tmp_path / "clip.mp4")
    return tmp_path


def blocks(language: str) -> str:
    """Everything on the page in that language, one after the other: later blocks use what earlier ones set."""
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def run(argv: list[str], studio: Serve, folder: Path) -> str:
    # Nothing of ours: a reader has neither our packages on the path nor our settings.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "STUDIO": studio.url("")}
    ended = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def test_with_curl(studio: Serve, folder: Path) -> None:
    run(["bash", "-euo", "pipefail", "-c", f"NOW=\n{blocks('bash')}"], studio, folder)
    assert probe(folder / "preview.mp4").frames == 2
    assert probe(folder / "final.mp4").frames == 6


def test_with_python(studio: Serve, folder: Path) -> None:
    told = run([sys.executable, "-c", blocks("python")], studio, folder)
    assert "'available': 50" in told
    assert probe(folder / "final-python.mp4").frames == 6


def test_every_program_says_when_how_bad_and_for_which_request(studio: Serve) -> None:
    """The lines of the studio that the tests above have used."""
    studio.until(r"POST /api/finalize 200")
    form = re.compile(r"^\S+ +\| \d{4}-\d\d-\d\d[T ][\d:.]{8,12}(Z|\+\d{4}| \w+)? (DEBUG|INFO|WARNING|ERROR|LOG:)\b")
    # What is printed for a person: the first login, mails where there is no mail server, what PostgreSQL adds.
    programs = ("web", "render-1", "reaper", "watcher", "serve")
    lines = [line for line in studio.lines if line.startswith(programs)]
    assert len(lines) > 10
    assert [line for line in lines if not form.match(line)] == []
    assert "example.com" not in "".join(lines)
