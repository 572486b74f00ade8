"""Requests that only a socket can send, to the server as it runs: answered, never with a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from accounts.models import User
from accounts.services import Device, open_session
from tests.fixtures import PASSWORD
from tests.web_server import WebServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

ORIGIN = "https://app.example.com"
DATA, HEADERS, SETTINGS = 0, 1, 4
END_OF_STREAM, END_OF_HEADERS = 1, 4
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
    "UTF-8 in the query": ("GET /api/gallery?search=ключ".encode(), b"", 200),
    "UTF-8 in the path": ("GET /api/effects/ключ".encode(), b"", 404),
    "broken escapes in the query": (b"GET /api/gallery?search=%zz%f", b"", 200),
    "a range in bytes": (b"GET /gallery", b"Range: bytes=\xff-", 200),
    "a date that is none": (b"GET /api/gallery", b"If-Modified-Since: Sun, 99 Nov 99999 99:99:99 GMT", 200),
    "tags that are none": (b"GET /api/gallery", b'If-None-Match: "\xff', 200),
    "another host": (b"GET /api/csrf-token", b"X-Forwarded-Host: evil.example.com", 200),
    "a cookie in bytes": (b"GET /admin/login/", b"Cookie: sessionid=\xff; csrftoken=\xff", 200),
    "a cookie in UTF-8": (b"GET /admin/login/", "Cookie: sessionid=ключ; имя=a".encode(), 200),
    "a host in UTF-8": (b"GET /api/csrf-token", "X-Forwarded-Host: ключ\r\nOrigin: https://ключ".encode(), 200),
    "names of a program in UTF-8": (b"POST /api/login", "Referer: https://ключ\r\nUser-Agent: ключ".encode(), 415),
    "an address in UTF-8": (b"GET /api/gallery", "X-Forwarded-For: ключ, 10.0.0.1".encode(), 400),
    "a range in UTF-8": (b"GET /gallery", "Range: bytes=ключ".encode(), 200),
    "conditions in UTF-8": (b"GET /api/gallery", 'If-None-Match: "ключ"\r\nIf-Range: ключ'.encode(), 200),
    "what is liked in UTF-8": (b"GET /api/gallery", "Accept: ключ/*\r\nAccept-Language: ключ".encode(), 200),
    "a key in UTF-8": (b"POST /api/generate", "Idempotency-Key: ключ".encode(), 400),
    "an id in UTF-8": (b"GET /api/gallery", "X-Request-ID: ключ".encode(), 200),
    "a preflight in UTF-8": (
        b"OPTIONS /api/gallery",
        "Origin: ключ\r\nAccess-Control-Request-Method: ключ\r\nAccess-Control-Request-Headers: ключ".encode(),
        405,
    ),
    "a type in bytes": (b"POST /api/login", b"Content-Type: \xff/\xfe", 415),
    "a form without a boundary": (b"POST /api/login", b"Content-Type: multipart/form-data", 400),
    "a boundary in bytes": (b"POST /api/login", b"Content-Type: multipart/form-data; boundary=\xff", 415),
    "a boundary in no known encoding": (
        b"POST /api/login",
        b"Content-Type: multipart/form-data; boundary*=none''%ff",
        415,
    ),
    "a boundary that is given twice": (
        b"POST /api/login",
        b"Content-Type: multipart/form-data; boundary*=utf-8''a; boundary*0=b",
        415,
    ),
    "a charset in no known encoding": (b"GET /api/gallery", b"Content-Type: application/json; charset*=none''x", 415),
    "two hosts": (b"GET /api/csrf-token", b"Host: other.example.com", 400),
    "two hosts that are the same": (b"GET /api/csrf-token", b"Host: localhost", 400),
    "a length that is none": (b"POST /api/login", b"Content-Type: application/json\r\nContent-Length: five", 400),
    "a method of nobody": (b"BREW /api/gallery", b"", 405),
}


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("uploads"), {"CORS_ALLOWED_ORIGINS": ORIGIN}) as server:
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
    whole = head.replace(b"/api/me", b"http://" + other + b"/api/me")
    with server.connect() as connection:
        answer = connection.send(whole + user.tenant.domain.encode() + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401"), "the host of the request line counts"


def test_a_request_without_a_host_is_refused(server: WebServer) -> None:
    with server.connect() as connection:
        answer = connection.send(b"GET /api/csrf-token HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"bad_request" in answer


@pytest.mark.parametrize(("length", "status"), [("Content-Length: 99999999", 413), ("Host: another", 400)])
def test_what_the_front_refuses_has_the_headers_of_every_answer(server: WebServer, length: str, status: int) -> None:
    lines = ["POST /api/login HTTP/1.1", "Host: localhost", f"Origin: {ORIGIN}", "X-Request-ID: mine", length]
    with server.connect() as connection:
        answer = connection.send("\r\n".join([*lines, "", ""]).encode()).decode()
    assert answer.startswith(f"HTTP/1.1 {status}")
    head, _, body = answer.partition("\r\n\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:])
    assert headers["access-control-allow-origin"] == ORIGIN, "or a page could not read what is wrong"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "deny")
    assert (headers["x-request-id"], headers["connection"]) == ("mine", "close")
    assert json.loads(body)["success"] is False


def test_a_body_without_a_length_is_read_over_http_2(server: WebServer, user: User) -> None:
    """It has neither a length nor the header of chunks."""
    body = json.dumps({"email": user.email, "password": PASSWORD}).encode()
    fields = {":method": "POST", ":scheme": "http", ":path": "/api/login", ":authority": "localhost"}
    fields["content-type"] = "application/json"
    names = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in fields.items()
    )
    with server.socket() as client, client.makefile("rb") as answer:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, b"", stream=0))
        client.sendall(frame(HEADERS, END_OF_HEADERS, names))
        client.sendall(frame(DATA, 0, body[:9]) + frame(DATA, END_OF_STREAM, body[9:]))
        received = b""
        kind = flags = 0
        while kind != DATA or not flags & END_OF_STREAM:
            head = answer.read(9)
            kind, flags = head[3], head[4]
            content = answer.read(int.from_bytes(head[:3]))
            received += content if kind == DATA else b""
    assert json.loads(received)["data"]["token"]


def frame(kind: int, flags: int, content: bytes, stream: int = 1) -> bytes:
    """A frame of HTTP/2 (RFC 9113)."""
    return len(content).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + content
