"""What the front refuses by itself, over the wire: the slow, the stalled, the half-closed, too much, a full disk."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import orjson
import psutil
import pytest
import requests

from accounts.models import User
from accounts.services import Device, open_session
from tests.fixtures import PASSWORD
from tests.patience import FOREVER_SECONDS
from tests.waiting import until
from tests.web_server import WebServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

ROOM = 1024 * 1024
PART = 700_000
"""Two of them have no room."""
RATE = 1000


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    limits = {"WEB_GRACE_SECONDS": "1.5", "WEB_LOWEST_RATE": str(RATE), "WEB_BUFFER_BYTES": str(ROOM)}
    with WebServer(tmp_path_factory.mktemp("bodies"), {**limits, "WEB_HEADER_SECONDS": "1.5"}) as server:
        yield server


@pytest.fixture
def token(user: User) -> str:
    return open_session(user=user, device=Device()).access


def head(path: str, length: int | str, *more: str, kind: str = "application/json") -> bytes:
    size = "Transfer-Encoding: chunked" if length == "chunked" else f"Content-Length: {length}"
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", size, *more]
    return "\r\n".join([*lines, "", ""]).encode()


def upload_head(length: int, token: str) -> bytes:
    return head("/api/upload", length, f"Authorization: Bearer {token}", kind="multipart/form-data; boundary=x")


def told(client: socket.socket) -> tuple[int, str, dict[str, str]]:
    """Status, code and headers of the answer, after which the server closes."""
    received = b""
    while data := client.recv(65536):
        received += data
    top, _, content = received.partition(b"\r\n\r\n")
    first, *rest = top.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
    return int(first.split()[1]), orjson.loads(content)["code"], headers


def dribble(client: socket.socket, data: bytes) -> None:
    """Send that byte again and again, a few a second, until there is an answer, or the other side closes."""
    with suppress(BrokenPipeError, ConnectionResetError):
        while not select.select([client], [], [], 0.2)[0]:
            client.sendall(data)


def alive(server: WebServer) -> bool:
    return requests.get(f"{server.url}/api/gallery", timeout=FOREVER_SECONDS).status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/login", "/api/v2/login", "/api/upload", "/api/generate", "/uploads/forged", "/nowhere"]
)
@pytest.mark.parametrize("length", [5_000, "chunked"])
def test_a_byte_now_and_then_is_too_slow(server: WebServer, path: str, length: int | str) -> None:
    with server.socket() as client:
        client.sendall(head(path, length))
        dribble(client, b"1\r\n{\r\n" if length == "chunked" else b"{")
        status, code, headers = told(client)
    assert (status, code, headers["connection"]) == (408, "too_slow", "close")
    assert alive(server)


def test_headers_that_never_end_end_the_connection(server: WebServer) -> None:
    with server.socket() as client:
        client.sendall(b"GET /api/gallery HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        dribble(client, b"x")
        with suppress(ConnectionResetError):
            assert client.recv(4096)[:12] in (b"", b"HTTP/1.1 408")
    assert alive(server)


def test_a_phone_on_a_slow_line_gets_through(server: WebServer, user: User) -> None:
    """Three times as fast as the lowest rate, for longer than the grace."""
    body = orjson.dumps({"email": user.email, "password": PASSWORD, "padding": "x" * 4 * RATE})
    with server.socket() as client:
        client.sendall(head("/api/login", len(body), "Connection: close"))
        for start in range(0, len(body), 3 * RATE // 10):
            client.sendall(body[start : start + 3 * RATE // 10])
            assert not select.select([client], [], [], 0.1)[0], "answered before the body was there"
        assert client.recv(15) == b"HTTP/1.1 200 OK"


def test_who_closes_one_half_gets_an_answer_or_an_end(server: WebServer) -> None:
    with server.socket() as client:
        client.sendall(b"GET /api/gallery HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        # For the server below us that is somebody who hung up.
        assert client.recv(15) in (b"HTTP/1.1 200 OK", b"")
    with server.socket() as client:
        client.sendall(head("/api/login", 50) + b"{")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(12) == b"HTTP/1.1 400"
    assert alive(server)


def test_bodies_have_so_much_room_together_and_give_it_back(server: WebServer, token: str) -> None:
    assert server.temporary is not None
    with server.socket() as first:
        first.sendall(upload_head(PART + 1, token) + bytes(PART))
        # It is written when it is more than memory takes.
        until(lambda: taken(server) >= PART - 300_000, "the first body")
        with server.socket() as second:
            second.sendall(upload_head(PART, token) + bytes(PART))
            status, code, headers = told(second)
        assert (status, code) == (503, "busy")
        assert int(headers["retry-after"]) > 0
    until(lambda: taken(server) == 0, "end of the first body")
    with server.socket() as third:
        third.sendall(upload_head(PART, token) + bytes(PART))
        assert told(third)[:2] == (400, "malformed_body"), "no form in parts, but received"


def test_a_full_disk_is_told_and_keeps_nothing(server: WebServer, token: str) -> None:
    worker = psutil.Process(server.process.pid).children()[0]
    _, most = worker.rlimit(psutil.RLIMIT_FSIZE)
    worker.rlimit(psutil.RLIMIT_FSIZE, (300_000, most))
    try:
        with server.socket() as client:
            client.sendall(upload_head(PART, token) + bytes(PART))
            status, code, headers = told(client)
        assert (status, code) == (507, "disk_full")
        assert int(headers["retry-after"]) > 0
        assert alive(server)
    finally:
        worker.rlimit(psutil.RLIMIT_FSIZE, (most, most))
    assert taken(server) == 0


def test_who_never_reads_costs_no_thread(server: WebServer) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            client = stack.enter_context(server.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(b"GET /api/schema HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        assert alive(server)


def taken(server: WebServer) -> int:
    """Bytes of the bodies that the server has in files without a name."""
    worker = psutil.Process(server.process.pid).children()[0]
    folder = Path(f"/proc/{worker.pid}/fd")
    size = 0
    for link in folder.iterdir():
        try:
            if str(server.temporary) in str(link.readlink()):
                size += link.stat().st_size
        except FileNotFoundError:
            continue
    return size
