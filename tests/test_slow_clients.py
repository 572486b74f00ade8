"""Clients that send or read slowly cost a connection, never a thread; what is heavy waits for its own kind."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import requests
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import Device, open_session
from config.front.lanes import HASHES_WAITING
from studio.models import MediaFile
from studio.services.files.store import file_url, store_file
from tenants.scope import tenant_scope
from tests.fixtures import PASSWORD
from tests.patience import FOREVER_SECONDS
from tests.waiting import until
from tests.web_server import WebServer

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = 3 * settings.WEB_THREADS
BIG_BYTES = 80_000_000


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


def answers(server: WebServer, path: str = "/api/gallery") -> int:
    return requests.get(server.url + path, timeout=FOREVER_SECONDS).status_code


def head(path: str, length: int | str, *more: str) -> bytes:
    size = "Transfer-Encoding: chunked" if length == "chunked" else f"Content-Length: {length}"
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", size, *more]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize("length", [10_000, "chunked"])
def test_who_sends_slowly_keeps_nobody_waiting(server: WebServer, length: int | str) -> None:
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            client = stack.enter_context(server.socket())
            client.sendall(head("/api/login", length) + (b"1\r\n{\r\n" if length == "chunked" else b"{"))
        assert answers(server) == 200


def test_a_body_in_pieces_is_the_same_as_in_one(server: WebServer, user: User) -> None:
    body = json.dumps({"email": user.email, "password": PASSWORD}).encode()
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:7], body[7:])) + b"0\r\n\r\n"
    with server.socket() as client, client.makefile("rb") as answer:
        for sent in (head("/api/login", len(body)) + body, head("/api/login", "chunked") + pieces):
            client.sendall(sent)
            assert b" 200 " in answer.readline(), "on one connection, one after the other"
            length = 0
            while line := answer.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert json.loads(answer.read(length))["data"]["token"]


def test_who_reads_slowly_keeps_nobody_waiting_and_no_memory(server: WebServer, user: User, tmp_path: Path) -> None:
    with tenant_scope(user.tenant_id):
        (tmp_path / "big.mp4").write_bytes(bytes(BIG_BYTES))
        file = store_file(path=tmp_path / "big.mp4", owner=user, kind=MediaFile.Kind.OUTPUT)
    link = file_url(file)
    assert link is not None
    path = link[link.index("/files/") :]
    worker = psutil.Process(server.process.pid).children()[0]
    answers(server)
    before = worker.memory_info().rss
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            client = stack.enter_context(server.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert client.recv(16).startswith(b"HTTP/1.1 200")
        assert answers(server) == 200
        assert worker.memory_info().rss - before < BIG_BYTES
    whole = requests.get(server.url + path, headers={"Range": "bytes=10-19"}, timeout=FOREVER_SECONDS)
    assert (whole.status_code, whole.headers["Content-Range"]) == (206, f"bytes 10-19/{BIG_BYTES}")
    assert whole.content == bytes(10)


def test_a_crowd_that_signs_in_leaves_the_others_their_threads(server: WebServer, user: User) -> None:
    """Answers of others come while more sign-ins wait than there are threads."""
    signed_in = threading.Semaphore(0)

    def sign_in() -> int:
        body = {"email": user.email, "password": PASSWORD}
        status = requests.post(f"{server.url}/api/login", json=body, timeout=FOREVER_SECONDS).status_code
        signed_in.release()
        return status

    with ThreadPoolExecutor(CLIENTS) as crowd:
        statuses = [crowd.submit(sign_in) for _ in range(CLIENTS)]
        signed_in.acquire()
        assert answers(server) == 200
        still = sum(not status.done() for status in statuses)
        assert still > settings.WEB_THREADS, "the gallery was answered before most of them"
    assert {status.result() for status in statuses} == {200}


@pytest.mark.parametrize("header", [(), ("Authorization: Bearer forged",), ("Authorization: Basic eDp5",)])
def test_a_large_body_of_a_stranger_is_not_even_received(server: WebServer, header: tuple[str, ...]) -> None:
    with server.socket() as client, client.makefile("rb") as answer:
        client.sendall(head("/api/upload", 200_000_000, *header))
        assert b" 401 " in answer.readline()


def test_an_upload_reaches_its_view_whole(
    server: WebServer, user: User, media_dir: Path, api: APIClient, stored_blobs: Callable[[], set[str]]
) -> None:
    token = open_session(user=user, device=Device()).access
    with (media_dir / "clip.mp4").open("rb") as clip:
        answer = requests.post(
            f"{server.url}/api/upload",
            data={"type": "vid2vid"},
            files={"attachment": ("clip.mp4", clip)},
            headers={"Authorization": f"Bearer {token}"},
            timeout=FOREVER_SECONDS,
        )
    assert answer.status_code in (200, 201), answer.text
    until(lambda: len(stored_blobs()) > 0, "stored file")
    assert api.get(f"/api/videos/{answer.json()['data']['videoId']}").status_code == 200


def test_a_body_that_is_too_large_is_refused_before_it_comes(server: WebServer) -> None:
    with server.socket() as client, client.makefile("rb") as answer:
        client.sendall(head("/api/login", 50_000_000))
        assert b" 413 " in answer.readline()
        assert b"too_large" in answer.read()


def test_hashes_of_all_web_processes_together_are_a_few(server: WebServer, user: User) -> None:
    """Of a crowd at two web servers at once, which share the data folder: one hash is 100 MiB."""
    with WebServer() as other, ThreadPoolExecutor(32) as crowd:
        servers = (server, other)
        workers = [psutil.Process(one.process.pid).children()[0] for one in servers]
        body = {"email": user.email, "password": PASSWORD}

        def sign_in(number: int) -> int:
            url = f"{servers[number % 2].url}/api/login"
            return requests.post(url, json=body, timeout=FOREVER_SECONDS).status_code

        assert [sign_in(0), sign_in(1)] == [200, 200]
        before = peak = sum(worker.memory_info().rss for worker in workers)
        statuses = [crowd.submit(sign_in, number) for number in range(32)]
        while not all(status.done() for status in statuses):
            peak = max(peak, sum(worker.memory_info().rss for worker in workers))
            assert answers(server) == answers(other) == 200
    assert {status.result() for status in statuses} == {200}
    assert peak - before < (settings.PASSWORD_HASHES + 0.8) * 100 * 1024**2


def test_more_sign_ins_than_can_wait_are_told_when_to_come_back(server: WebServer, user: User) -> None:
    body = {"email": user.email, "password": PASSWORD}
    crowd_size = 3 * HASHES_WAITING
    with ThreadPoolExecutor(crowd_size) as crowd:
        asked = [
            crowd.submit(requests.post, f"{server.url}/api/v2/login", json=body, timeout=FOREVER_SECONDS)
            for _ in range(crowd_size)
        ]
        refused = [one.result() for one in asked if one.result().status_code != 200]
    assert refused
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer.headers["Retry-After"]) > 0
