"""Several web processes: each answers, one that dies or hangs is replaced, and what they count they count together."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import psutil
import pytest
import requests

from accounts.models import User
from tests.patience import FOREVER_SECONDS
from tests.waiting import until, until_ended
from tests.web_server import WebServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[WebServer]:
    settings = {"WEB_PROCESSES": "2", "HEARTBEAT_SECONDS": "2", "THROTTLE": "on", "THROTTLE_REGISTER": "4/hour"}
    with WebServer(environment=settings) as server:
        until(lambda: len(processes(server)) == 2, "two processes")
        yield server


def processes(server: WebServer) -> list[int]:
    return [process.pid for process in psutil.Process(server.process.pid).children()]


def answered(server: WebServer) -> bool:
    """On a connection of its own, which any of the processes may get."""
    try:
        return requests.get(f"{server.url}/api/gallery", timeout=FOREVER_SECONDS).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_dies_or_hangs_is_replaced(server: WebServer, number: signal.Signals) -> None:
    until(lambda: len(processes(server)) == 2, "two processes")
    victim, other = processes(server)
    os.kill(victim, number)
    until_ended(victim)
    until(lambda: len(processes(server)) == 2, "replacement")
    assert other in processes(server), "the other one goes on"
    assert all(answered(server) for _ in range(20))


def test_throttles_count_over_all_processes(server: WebServer, user: User) -> None:
    body = {"email": user.email, "password": "short"}
    statuses = [
        requests.post(f"{server.url}/api/register", json=body, timeout=FOREVER_SECONDS).status_code for _ in range(12)
    ]
    assert statuses == [422] * 4 + [429] * 8
