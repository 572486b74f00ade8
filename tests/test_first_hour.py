"""The commands of ``docs/first-hour.md``, run as they stand there against a studio that runs."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from django.conf import settings

from studio.rendering.media.probe import probe
from tests.test_serve import environment
from tests.waiting import until

pytestmark = pytest.mark.timeout(600)

PAGE = (Path(settings.BASE_DIR) / "docs" / "first-hour.md").read_text()


class Studio:
    """`serve`, with its lines in a file: a pipe that nobody empties would stop it. A context manager."""

    def __init__(self, data_dir: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._log = data_dir / "serve.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(port)],
                cwd=settings.BASE_DIR,
                # Mails would be printed for a person, in no form of ours.
                env={**environment(data_dir), "EMAIL_URL": "dummy:"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        until(self._is_ready, "studio", seconds=300)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def lines(self) -> list[str]:
        return self._log.read_text().splitlines()

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        return "Mage AI Studio is ready: " in self._log.read_text()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with Studio(tmp_path_factory.mktemp("serve")) as studio:
        yield studio


@pytest.fixture
def folder(tmp_path: Path, media_dir: Path) -> Path:
    shutil.copy(media_dir / "clip.mp4", tmp_path / "clip.mp4")
    return tmp_path


def blocks(language: str) -> str:
    """Everything on the page in that language, one after the other: later blocks use what earlier ones set."""
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def run(argv: list[str], studio: Studio, folder: Path) -> str:
    # Nothing of ours: a reader has neither our packages on the path nor our settings.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "STUDIO": studio.url}
    ended = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def test_with_curl(studio: Studio, folder: Path) -> None:
    run(["bash", "-euo", "pipefail", "-c", f"NOW=\n{blocks('bash')}"], studio, folder)
    assert probe(folder / "preview.mp4").frame_count == 2
    assert probe(folder / "final.mp4").frame_count == 6


def test_with_python(studio: Studio, folder: Path) -> None:
    told = run([sys.executable, "-c", blocks("python")], studio, folder)
    assert "'available': 50" in told
    assert probe(folder / "final-python.mp4").frame_count == 6


def test_every_program_says_when_how_bad_and_for_which_request(studio: Studio) -> None:
    """The lines of the studio that the tests above have used."""
    written = studio.lines()
    assert any("INFO access request=" in line and "POST /api/finalize 200" in line for line in written)
    form = re.compile(r"^\S+ +\| \d{4}-\d\d-\d\d[T ][\d:.]{8,12}(Z|\+\d{4}| \w+)? (DEBUG|INFO|WARNING|ERROR|LOG:)\b")
    # Of what is printed for a person there are the first login, which is `prepare`'s, and what PostgreSQL adds.
    programs = ("web", "render-1", "upkeep", "serve")
    lines = [line for line in written if line.startswith(programs)]
    assert len(lines) > 10
    assert [line for line in lines if not form.match(line)] == []
    assert "example.com" not in "".join(lines)
