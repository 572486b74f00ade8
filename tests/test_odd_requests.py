"""Requests that only a socket can send, to the server as it runs: answered, never with a 500."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.models import User
from accounts.services import Device, open_session
from tests.web_server import WebServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

REQUESTS = {
    "a token in bytes": (b"GET /api/me", b"Authorization: Bearer \xff\xfe", 401),
    "a token in UTF-8": (b"GET /api/me", "Authorization: Bearer ключ".encode(), 401),
    "no scheme at all": (b"GET /api/me", b"Authorization: \xff", 401),
    "two tokens": (b"GET /api/me", b"Authorization: Bearer a\r\nAuthorization: Bearer b", 401),
    "a request id in bytes": (b"GET /api/csrf-token", b"X-Request-ID: \xff\xfe", 200),
    "a surrogate in the path": (b"GET /api/effects/%ED%A0%80", b"", 404),
    "a NUL in the path": (b"GET /api/effects/%00", b"", 404),
    "a NUL in the path of a file": (b"GET /files/%00/x", b"", 404),
    "broken UTF-8 in the path": (b"GET /api/effects/%ff%fe", b"", 404),
    "a surrogate in the query": (b"GET /api/gallery?search=%ED%A0%80", b"", 200),
    "broken escapes in the query": (b"GET /api/gallery?search=%zz%f", b"", 200),
    "a range in bytes": (b"GET /gallery", b"Range: bytes=\xff-", 200),
    "a date that is none": (b"GET /api/gallery", b"If-Modified-Since: Sun, 99 Nov 99999 99:99:99 GMT", 200),
    "tags that are none": (b"GET /api/gallery", b'If-None-Match: "\xff', 200),
    "another host": (b"GET /api/csrf-token", b"X-Forwarded-Host: evil.example.com", 200),
    "a cookie in bytes": (b"GET /admin/login/", b"Cookie: sessionid=\xff; csrftoken=\xff", 200),
    "a type in bytes": (b"POST /api/login", b"Content-Type: \xff/\xfe", 415),
    "a form without a boundary": (b"POST /api/login", b"Content-Type: multipart/form-data", 400),
    "a boundary in bytes": (b"POST /api/login", b"Content-Type: multipart/form-data; boundary=\xff", 415),
    "a length that is none": (b"POST /api/login", b"Content-Type: application/json\r\nContent-Length: five", 400),
    "a method of nobody": (b"BREW /api/gallery", b"", 405),
}


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("uploads")) as server:
        yield server


@pytest.mark.parametrize("name", REQUESTS)
def test_it_is_answered(server: WebServer, name: str) -> None:
    line, header, status = REQUESTS[name]
    body = b"" if b"Content-Length" in header or line.startswith(b"GET") else b"Content-Length: 1\r\n"
    content = b"" if line.startswith(b"GET") else b"x"
    head = (
        line + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + body + (header + b"\r\n" if header else b"")
    )
    with server.connect() as connection:
        answer = connection.send(head + b"\r\n" + content)
    assert answer.split(b" ", 2)[1] == str(status).encode(), answer


@pytest.mark.parametrize("host", ["{}", "{}.", "{}.:80"])
def test_the_host_of_another_tenant_is_refused_with_a_dot_too(server: WebServer, make_user, host: str) -> None:
    user: User = make_user()
    token = open_session(user=user, device=Device()).access.encode()
    other = host.format(make_user().tenant.domain).encode()
    head = b"GET /api/me HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer " + token + b"\r\nHost: "
    with server.connect() as connection:
        assert connection.send(head + other + b"\r\n\r\n").startswith(b"HTTP/1.1 401")
    with server.connect() as connection:
        assert connection.send(head + user.tenant.domain.encode() + b"\r\n\r\n").startswith(b"HTTP/1.1 200")
