"""`manage.py serve` as a user meets it: one command up, one signal down, nothing left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil
import pytest
import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from config import VERSION
from tests.patience import FOREVER_SECONDS
from tests.waiting import until, until_ended

pytestmark = pytest.mark.timeout(300)

STAFF_LOGIN = re.compile(r"Staff login: (\S+) with password (\S+)")


class Serve:
    """A running `serve`, and what it has written so far."""

    def __init__(self, data_dir: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(self.port)],
            cwd=settings.BASE_DIR,
            env=environment(data_dir),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # A page may be asked for before its server is back.
        self.http = requests.Session()
        self.http.mount("http://", HTTPAdapter(max_retries=Retry(connect=10, backoff_factor=0.1)))

    def until(self, pattern: str) -> re.Match[str]:
        """Read on until a line matches. Fails when the output ends first."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"No line matches {pattern!r} in:\n" + "\n".join(self.lines))

    def until_ready(self) -> Self:
        self.until(rf"is ready: http://127\.0\.0\.1:{self.port}/")
        return self

    def staff_login(self) -> re.Match[str] | None:
        return STAFF_LOGIN.search("\n".join(self.lines))

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def end(self, number: signal.Signals) -> tuple[list[int], int]:
        """Send a signal and wait; every process there was below it, and the exit status."""
        below = [process.pid for process in psutil.Process(self.process.pid).children(recursive=True)]
        self.process.send_signal(number)
        output, _ = self.process.communicate()
        self.lines += output.splitlines()
        self.http.close()
        return below, self.process.returncode


def environment(data_dir: Path) -> dict[str, str]:
    """Ours without what points to the servers of the test session."""
    ours = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return {**ours, "STUDIO_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"}


@contextmanager
def running(data_dir: Path) -> Iterator[Serve]:
    serve = Serve(data_dir)
    try:
        yield serve.until_ready()
    finally:
        if serve.process.poll() is None:
            serve.end(signal.SIGTERM)


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    with running(tmp_path_factory.mktemp("serve")) as serve:
        yield serve


def test_it_says_first_which_version_it_is(serve: Serve) -> None:
    assert serve.lines[0].endswith(f": Mage AI Studio {VERSION}")


def test_it_answers_from_the_ready_line_on(serve: Serve) -> None:
    assert requests.get(serve.url("/api/status"), timeout=FOREVER_SECONDS).status_code == 200


def test_the_printed_staff_login_works(serve: Serve) -> None:
    login = serve.staff_login()
    assert login is not None
    answer = serve.http.post(serve.url("/api/login"), json={"email": login[1], "password": login[2]})
    assert answer.status_code == 200
    assert answer.json()["data"]["token"]


def test_links_in_mails_lead_to_where_it_listens(serve: Serve) -> None:
    words = {"password": "correct horse battery", "password_confirmation": "correct horse battery"}
    answer = serve.http.post(serve.url("/api/auth/register"), json={"email": "ann@example.com", **words})
    assert answer.status_code == 200
    # Without a mail server the mail is printed.
    serve.until(rf"http://127\.0\.0\.1:{serve.port}/verify-email\?")


def test_a_second_serve_on_the_same_data_is_refused(serve: Serve) -> None:
    data_dir = Path(psutil.Process(serve.process.pid).environ()["STUDIO_DATA_DIR"])
    second = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", "0"],
        cwd=settings.BASE_DIR,
        env=environment(data_dir),
        capture_output=True,
        text=True,
    )
    assert second.returncode == 1
    assert f"{data_dir} is in use by another `serve` (process {serve.process.pid})" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_busy_port_is_refused_before_anything_starts(serve: Serve, tmp_path: Path) -> None:
    second = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", str(serve.port)],
        cwd=settings.BASE_DIR,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
    )
    assert second.returncode == 1
    assert f"Can't listen on 127.0.0.1:{serve.port}" in second.stderr
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("port", ["0", "65536"])
def test_a_port_that_there_is_not_is_refused(port: str, tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", port],
        cwd=settings.BASE_DIR,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert "PORT has to be from 1 to 65535" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_crashed_web_server_comes_back(serve: Serve) -> None:
    web = re.findall(r"^web .*started \(process (\d+)\)", "\n".join(serve.lines), re.MULTILINE)
    os.kill(int(web[-1]), signal.SIGKILL)
    serve.until(r"^web .*ended by itself \(signal SIGKILL\)")
    serve.until(r"^web .*started \(process \d+\)")
    assert serve.http.get(serve.url("/api/status")).status_code == 200


def test_one_origin_has_the_events_too(serve: Serve) -> None:
    login = serve.staff_login()
    assert login is not None
    words = {"email": login[1], "password": login[2]}
    token = serve.http.post(serve.url("/api/login"), json=words).json()["data"]["token"]
    headers = {"Authorization": f"Bearer {token}"}

    def follow() -> requests.Response:
        return serve.http.get(serve.url("/api/events"), headers=headers, stream=True, timeout=FOREVER_SECONDS)

    def is_live() -> bool:
        with follow() as answer:
            return b'"live":true' in next(line for line in answer.iter_lines(chunk_size=1) if line.startswith(b"data"))

    until(is_live, "live events")
    with follow() as stream:
        events = re.findall(r"^events .*started \(process (\d+)\)", "\n".join(serve.lines), re.MULTILINE)
        os.kill(int(events[-1]), signal.SIGKILL)
        # Its streams end with it, and it comes back.
        assert b'"live":true' in stream.content
    serve.until(r"^events .*started \(process \d+\)")
    until(is_live, "live events again")
    status = serve.http.get(serve.url("/api/status")).json()["data"]
    assert status["programs"]["events"] == "up"


def test_open_streams_keep_no_stop_waiting(tmp_path: Path) -> None:
    with running(tmp_path) as serve:
        login = serve.staff_login()
        assert login is not None
        words = {"email": login[1], "password": login[2]}
        token = serve.http.post(serve.url("/api/login"), json=words).json()["data"]["token"]
        headers = {"Authorization": f"Bearer {token}"}
        streams = [
            requests.get(serve.url("/api/events"), headers=headers, stream=True, timeout=FOREVER_SECONDS)
            for _ in range(5)
        ]
        _, status = serve.end(signal.SIGINT)
        assert status == 0
        assert not [line for line in serve.lines if "does not stop" in line]
        for stream in streams:
            assert stream.content
            stream.close()


def test_neither_a_kill_nor_a_stop_leaves_a_process_or_loses_data(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        login = first.staff_login()
        assert login is not None
        below, status = first.end(signal.SIGKILL)
        assert status == -signal.SIGKILL
        assert len(below) >= 8
        for pid in below:
            until_ended(pid)

    with running(tmp_path) as second:
        assert second.staff_login() is None
        answer = second.http.post(second.url("/api/login"), json={"email": login[1], "password": login[2]})
        assert answer.status_code == 200
        below, status = second.end(signal.SIGTERM)
        assert status == 0
        assert second.lines[-1].endswith("Stopped.")
        for pid in below:
            until_ended(pid)
