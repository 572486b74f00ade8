"""Exports over the wire: in bounded memory however slowly somebody reads, and seen to be broken off when they are."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import psutil
import pytest
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry, User
from config.staff_exports import ENDED
from tests.fixtures import UserFactory
from tests.patience import FOREVER_SECONDS
from tests.waiting import until
from tests.web_server import WebServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

ROWS = 150_000
MIB = 1024 * 1024
ALLOWED = 24 * MIB
"""What the server may grow by: less than half of the file."""
TOKEN = "a" * 32
PATH = "/admin/accounts/auditentry/export/json/"


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[WebServer]:
    with WebServer(environment={"WEB_GRACE_SECONDS": "1.5", "WEB_LOWEST_RATE": "10000000"}) as server:
        yield server


@pytest.fixture
def cookies(make_user: UserFactory) -> str:
    chief, client = make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR), Client()
    client.force_login(chief)
    return f"sessionid={client.cookies['sessionid'].value}; csrftoken={TOKEN}"


def write_entries(rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_auditentry (at, event, user_agent, detail) SELECT now(), 'test.filled',"
            " repeat('a browser of ours ', 10), jsonb_build_object('number', n, 'text', repeat('=word ', 40))"
            " FROM generate_series(1, %s) AS n",
            [rows],
        )


def ask(server: WebServer, cookies: str, *, version: str = "1.1", path: str = PATH) -> socket.socket:
    """A connection on which an export was asked for, and nothing was read."""
    form = f"reason=tested&csrfmiddlewaretoken={TOKEN}".encode()
    lines = [
        f"POST {path} HTTP/{version}", f"Host: 127.0.0.1:{server.port}", f"Cookie: {cookies}",
        f"Referer: {server.url}{path}", "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(form)}",
    ]  # fmt: skip
    client = socket.create_connection(("127.0.0.1", server.port), timeout=FOREVER_SECONDS)
    client.sendall("\r\n".join([*lines, "", ""]).encode() + form)
    return client


def answer(client: socket.socket) -> http.client.HTTPResponse:
    found = http.client.HTTPResponse(client)
    found.begin()
    return found


def memory(server: WebServer) -> int:
    web = psutil.Process(server.process.pid)
    return sum(process.memory_info().rss for process in [web, *web.children(recursive=True)])


def ended() -> AuditEntry | None:
    return AuditEntry.objects.filter(event=ENDED).first()


def test_a_large_list_is_streamed(server: WebServer, cookies: str) -> None:
    with ask(server, cookies, path=PATH + "?event=test.none") as client:
        answer(client).read()
    write_entries(ROWS)
    before, most, size, last = memory(server), 0, 0, b""
    with ask(server, cookies) as client:
        found = answer(client)
        assert (found.status, found.headers["Transfer-Encoding"]) == (200, "chunked")
        while part := found.read(256 * 1024):
            size, last = size + len(part), part
            most = max(most, memory(server))
    assert size > 2 * ALLOWED
    assert last.endswith(b"}\n]\n")
    assert most - before < ALLOWED, f"{(most - before) / MIB:.0f} MiB"
    entry = until(lambda: AuditEntry.objects.filter(event=ENDED, detail__rows__gte=ROWS).first(), "end of the export")
    assert entry.detail["whole"] is True


def test_who_reads_nothing_fills_no_memory_and_is_left(server: WebServer, cookies: str) -> None:
    write_entries(ROWS)
    before, most = memory(server), 0
    with ask(server, cookies):

        def left() -> AuditEntry | None:
            nonlocal most
            most = max(most, memory(server))
            return ended()

        entry = until(left, "end of the export")
    assert entry.detail["whole"] is False
    assert entry.detail["rows"] < ROWS
    assert most - before < ALLOWED, f"{(most - before) / MIB:.0f} MiB"


def test_who_goes_away_ends_it(server: WebServer, cookies: str) -> None:
    write_entries(ROWS)
    with ask(server, cookies) as client:
        client.recv(1000)
    entry = until(ended, "end of the export")
    assert entry.detail["whole"] is False
    assert entry.detail["rows"] < ROWS


def test_others_are_answered_meanwhile(server: WebServer, cookies: str) -> None:
    write_entries(20_000)
    with ask(server, cookies) as slow, ask(server, cookies) as second:
        slow.recv(1000)
        assert server.ask("GET", "/api/gallery").status_code == 200
        assert answer(second).read().endswith(b"}\n]\n")


def test_an_old_client_gets_a_short_one_whole_and_a_long_one_not_at_all(server: WebServer, cookies: str) -> None:
    with ask(server, cookies, version="1.0") as client:
        found = answer(client)
        assert found.status == 200
        assert found.read().endswith(b"}\n]\n")
    write_entries(50_000)
    with ask(server, cookies, version="1.0") as client:
        found = answer(client)
        assert (found.status, b"http_version_not_supported" in found.read()) == (505, True)


@pytest.fixture
def hurried(django_db_setup: None) -> Iterator[WebServer]:
    with WebServer(environment={"STAFF_EXPORT_SECONDS": "1"}) as server:
        yield server


def test_one_that_takes_too_long_is_seen_to_be_broken_off(hurried: WebServer, cookies: str) -> None:
    write_entries(ROWS)
    with ask(hurried, cookies) as client, pytest.raises(http.client.IncompleteRead):
        answer(client).read()
    entry = until(ended, "end of the export")
    assert entry.detail["whole"] is False
