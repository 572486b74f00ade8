"""Bodies without a length, over the server that hands them on: read within limits, and the connection lives on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import encode_multipart

from accounts.models import User
from accounts.services import Device, open_session
from studio.models import MediaFile
from studio.services.files.upload_targets import TOKEN_SALT, upload_headers
from tenants.scope import all_tenants
from tests.fixtures import PASSWORD
from tests.web_server import Connection, WebServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

BOUNDARY = "end-of-part"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
JSON = {"Content_Type": "application/json"}
CHUNK = 64 * 1024


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("uploads")) as server:
        yield server


@pytest.fixture
def connection(server: WebServer) -> Iterator[Connection]:
    with server.connect() as connection:
        yield connection


@pytest.fixture
def token(user: User) -> str:
    return open_session(user=user, device=Device()).access


def pieces(body: bytes, size: int = CHUNK) -> Iterator[bytes]:
    yield from (body[start : start + size] for start in range(0, len(body), size))


def lives_on(connection: Connection) -> bool:
    return connection.ask("GET", "/api/csrf-token")[0] == 200


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_json_in_chunks_logs_in(connection: Connection, user: User, size: int) -> None:
    body = json.dumps({"email": user.email, "password": PASSWORD}).encode()
    status, answer, _ = connection.ask("POST", "/api/login", pieces(body, size), **JSON)
    assert (status, answer["success"]) == (200, True)
    assert lives_on(connection)


def test_a_form_in_chunks_logs_in(connection: Connection, user: User) -> None:
    body = f"email={user.email}&password={PASSWORD.replace(' ', '+')}".encode()
    headers = {"Content_Type": "application/x-www-form-urlencoded"}
    assert connection.ask("POST", "/api/login", pieces(body, 9), **headers)[0] == 200
    assert lives_on(connection)


def test_an_upload_in_chunks_is_stored(
    connection: Connection, server: WebServer, token: str, media_dir: Path, user: User
) -> None:
    content = (media_dir / "long.mp4").read_bytes() + bytes(2 * CHUNK)
    body = multipart(content)
    headers = {"Content_Type": MULTIPART, "Authorization": f"Bearer {token}"}
    status, answer, _ = connection.ask("POST", "/api/upload", pieces(body), **headers)
    assert (status, answer["success"]) == (201, True), answer
    assert lives_on(connection)
    with all_tenants():
        assert MediaFile.objects.get(owner=user).size == len(content)
    assert left_over(server) == []


def test_a_large_upload_in_chunks_streams(connection: Connection, server: WebServer, token: str) -> None:
    worker = psutil.Process(server.process.pid).children()[0]
    before = worker.memory_info().rss
    head, tail = multipart(b"\0" * 16).split(b"\0" * 16)
    peak = 0

    def body() -> Iterator[bytes]:
        nonlocal peak
        yield head
        for number in range(150):
            yield bytes(1024**2)
            if number % 10 == 0:
                peak = max(peak, worker.memory_info().rss)
        yield tail

    headers = {"Content_Type": MULTIPART, "Authorization": f"Bearer {token}"}
    status, answer, _ = connection.ask("POST", "/api/upload", body(), **headers)
    assert (status, list(answer["data"])) == (422, ["attachment"])
    assert lives_on(connection)
    assert peak - before < 64 * 1024**2
    assert left_over(server) == []


@pytest.mark.parametrize(
    ("path", "size"), [("/api/login", 6 * 1024**2), ("/api/upload", 270 * 1024**2)], ids=["JSON", "upload"]
)
def test_more_than_the_limit_is_413(server: WebServer, token: str, path: str, size: int) -> None:
    head = multipart(b"\0" * 16).partition(b"\0")[0] if path == "/api/upload" else b'{"email": "'
    headers = JSON if path == "/api/login" else {"Content_Type": MULTIPART}

    def body() -> Iterator[bytes]:
        yield head
        yield from (b"x" * 1024**2 for _ in range(size // 1024**2))

    with server.connect() as connection:
        try:
            status, answer, _ = connection.ask("POST", path, body(), Authorization=f"Bearer {token}", **headers)
        except (BrokenPipeError, ConnectionResetError):
            # The server may have answered and closed before everything was sent.
            status, answer = connection.early_answer()
    assert (status, answer["code"]) == (413, "too_large")
    assert left_over(server) == []


def test_a_presigned_upload_of_unknown_length_is_refused(server: WebServer, user: User) -> None:
    with all_tenants():
        file = MediaFile.objects.create(
            tenant=user.tenant, owner=user, status=MediaFile.Status.PENDING_UPLOAD, mime_type="video/mp4", size=10**6
        )
    path = f"/uploads/{signing.dumps(file.pk, salt=TOKEN_SALT)}"
    headers = {name.replace("-", "_"): value for name, value in upload_headers(file).items()}
    with server.connect() as connection:
        status, answer, _ = connection.ask("PUT", path, pieces(bytes(3 * CHUNK)), **headers)
    assert (status, answer["code"]) == (411, "length_required")


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\nhello\r\n0\r\n\r\n", b'5\r\n{"a":\r\nzz\r\n', b"-1\r\n\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n"],
)
def test_malformed_chunks_are_refused(server: WebServer, chunks: bytes) -> None:
    head = b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with server.connect() as connection:
        answer = connection.send(head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunks)
    assert answer.startswith(b"HTTP/1.1 4"), answer
    assert left_over(server) == []


def test_an_upload_that_breaks_off_is_refused(server: WebServer, token: str, media_dir: Path, user: User) -> None:
    """The server tells no broken connection from an end: a video cut short would be stored as it is."""
    body = multipart((media_dir / "long.mp4").read_bytes())[: -len(BOUNDARY) - 20]
    head = f"POST /api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: {MULTIPART}\r\n"
    head += f"Authorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with server.connect() as connection:
        answer = connection.send(head.encode() + f"{len(body):x}\r\n".encode() + body + b"\r\nzz\r\n")
    assert answer.startswith(b"HTTP/1.1 400"), answer
    assert b"incomplete_body" in answer, answer
    with all_tenants():
        assert not MediaFile.objects.filter(owner=user).exists()
    assert left_over(server) == []


def test_an_empty_chunked_body_is_an_empty_one(connection: Connection) -> None:
    status, answer, _ = connection.ask("POST", "/api/login", pieces(b""), **JSON)
    assert (status, list(answer["data"])) == (422, ["email", "password"])
    assert lives_on(connection)


@pytest.mark.parametrize("path", ["/api/no-such-route", "/api/videos", "/api/csrf-token", "/uploads/forged"])
def test_a_body_that_nobody_reads_does_not_cut_the_connection(connection: Connection, path: str) -> None:
    assert connection.ask("PUT", path, pieces(b'{"a": 1}', 3), **JSON)[0] in (401, 403, 404, 405)
    assert lives_on(connection)


def multipart(content: bytes) -> bytes:
    return encode_multipart(BOUNDARY, {"type": "vid2vid", "attachment": SimpleUploadedFile("clip.mp4", content)})


def left_over(server: WebServer) -> list[Path]:
    assert server.temporary is not None
    return [path for path in server.temporary.rglob("*") if path.is_file()]
