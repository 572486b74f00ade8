"""The event server itself: what ends a stream, what a stream may cost, and what is without it."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator

import psutil
import pytest
import requests
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import Device, open_session
from config.platform.events import publish, publish_job
from studio.models import ModelFile, RenderJob
from studio.services.jobs.lifecycle import cancel_render
from studio.services.videos.library import withdraw_video
from tenants.scope import all_tenants
from tests.event_server import EventServer
from tests.fixtures import PASSWORD, UserFactory
from tests.patience import FOREVER_SECONDS
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("transactional_db")

LIMIT = 6
MIB = 2**20


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[EventServer]:
    with EventServer(EVENT_STREAMS_PER_USER=str(LIMIT), EVENT_STREAMS="10") as server:
        yield server


def token_of(user: User) -> str:
    return open_session(user=user, device=Device()).access


def ask(server: EventServer, token: str, path: str = "/api/events") -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(server.url + path, headers=headers, stream=True, timeout=FOREVER_SECONDS)


@pytest.fixture
def job(tiny_model: ModelFile, api: APIClient) -> RenderJob:
    answer = api.post("/api/generate", {"type": "deforum", "prompt": "a red sea", "length": 1, "fps": 8})
    with all_tenants():
        return RenderJob.objects.get(pk=answer.json()["data"]["job_id"])


def test_a_render_is_watched_as_it_happens(
    server: EventServer, job: RenderJob, user: User, make_user: UserFactory
) -> None:
    path = f"/api/video-jobs/{job.pk}/events"
    staff = make_user(role=User.Role.ADMINISTRATOR)
    with server.following(token_of(user), path) as owner, server.following(token_of(staff), path) as watcher:
        for stream in (owner, watcher):
            whole, ready = next(stream), next(stream)
            assert (whole["event"], whole["data"]["job_status"]) == ("snapshot", "queued")
            assert ready["data"] == {"live": True}
        publish_job(job.pk, "rewind", {"frame": 2})
        place = next(owner)
        assert (place["event"], place["data"]) == ("rewind", {"frame": 2})
        assert next(watcher)["data"] == {"frame": 2}
        with all_tenants():
            cancel_render(job)
        for stream in (owner, watcher):
            told = next(stream)
            assert (told["event"], told["data"]["job_status"]) == ("state", "cancelled")
    with server.following(token_of(user), path, Last_Event_ID=place["id"]) as again:
        events = [next(again) for _ in range(3)]
        assert [event["event"] for event in events] == ["snapshot", "ready", "state"]
        assert events[0]["data"]["job_status"] == "cancelled"


def test_strangers_are_passed_on_to_nobody(server: EventServer, job: RenderJob, make_user: UserFactory) -> None:
    answer = ask(server, token_of(make_user()), f"/api/video-jobs/{job.pk}/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert ask(server, "nonsense", f"/api/video-jobs/{job.pk}/events").status_code == 401


def test_who_loses_access_is_told_no_more(
    server: EventServer, job: RenderJob, user: User, make_user: UserFactory
) -> None:
    path = f"/api/video-jobs/{job.pk}/events"
    staff = make_user(role=User.Role.ADMINISTRATOR)
    with server.following(token_of(user), path) as owner, server.following(token_of(staff), path) as watcher:
        assert [next(owner)["event"], next(watcher)["event"]] == ["snapshot", "snapshot"]
        User.objects.filter(pk=staff.pk).update(role=User.Role.USER)
        assert [event["event"] for event in watcher] == ["ready"]
        with all_tenants():
            cancel_render(job)
            withdraw_video(job.video)
        assert [event["event"] for event in owner] == ["ready", "state"]


def test_a_token_that_expires_ends_what_it_began(user: User) -> None:
    with EventServer(ACCESS_TOKEN_SECONDS="5") as server:
        login = server.web.ask("POST", "/api/login", json={"email": user.email, "password": PASSWORD})
        with server.following(login.json()["data"]["token"]) as stream:
            assert [event["event"] for event in stream] == ["ready"]


def test_one_user_does_not_take_all_streams(server: EventServer, user: User, make_user: UserFactory) -> None:
    token = token_of(user)
    mine = [ask(server, token) for _ in range(LIMIT)]
    assert {answer.status_code for answer in mine} == {200}
    refused = ask(server, token)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
    assert (refused.headers["Retry-After"], refused.json()["success"]) == ("30", False)
    assert "X-Request-ID" in refused.headers
    other = token_of(make_user())
    others = [ask(server, other) for _ in range(4)]
    assert {answer.status_code for answer in others} == {200}
    full = ask(server, token_of(make_user()))
    assert (full.status_code, full.json()["code"], full.headers["Retry-After"]) == (503, "busy", "5")
    for answer in mine + others:
        answer.close()

    def there_is_room() -> bool:
        with ask(server, token) as again:
            return again.status_code == 200

    until(there_is_room, "room once the others are closed")


def test_streams_end_with_the_event_server_and_go_on_with_the_next(server: EventServer, user: User) -> None:
    token = token_of(user)
    with server.following(token) as stream:
        next(stream)
        publish([user.pk], "support", {"requestId": 1})
        place = next(stream)["id"]
        server.stop(signal.SIGKILL)
        assert list(stream) == []
    publish([user.pk], "support", {"requestId": 2})
    # Without one the answer is the plain one, and nothing is lost.
    with server.following(token, Last_Event_ID=place) as plain:
        ready, told = plain
        assert (ready["data"], told["data"]) == ({"live": False}, {"requestId": 2})
    server.restart()

    def is_live() -> bool:
        with server.following(token, Last_Event_ID=place) as stream:
            return next(stream)["data"]["live"] and next(stream)["data"] == {"requestId": 2}

    until(is_live, "live stream")


def test_it_stops_at_once_with_open_streams(user: User) -> None:
    with EventServer() as server, server.following(token_of(user)) as stream:
        next(stream)
        server.stop()
        assert server.process.returncode == 0
        assert list(stream) == []
        assert not server.socket.exists()
        with server.following(token_of(user)) as plain:
            assert next(plain)["data"] == {"live": False}


def test_a_web_server_that_stops_waits_for_no_stream(user: User) -> None:
    with EventServer() as server, server.following(token_of(user)) as stream:
        next(stream)
        began = time.monotonic()
        server.web.__exit__()
        assert time.monotonic() - began < FOREVER_SECONDS
        assert list(stream) == []


def test_a_client_that_reads_nothing_costs_no_memory(user: User) -> None:
    """What it does not take stays in the log, not in the event server."""
    with EventServer() as server:
        process = psutil.Process(server.process.pid)
        with follow_bare(server, user) as stalled, follow_bare(server, user) as reading:
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            before = process.memory_info().rss
            for number in range(400):
                publish([user.pk], "support", {"text": "x" * 100_000, "requestId": number})
                read_until(reading, b'"requestId":%d}' % number)
            assert process.memory_info().rss - before < 12 * MIB


def test_ways_that_can_t_be_passed_on_are_answered_plainly(server: EventServer, user: User) -> None:
    headers = {"Authorization": f"Bearer {token_of(user)}"}
    answer = requests.head(f"{server.url}/api/events", headers=headers, timeout=FOREVER_SECONDS)
    assert (answer.status_code, answer.content) == (200, b"")
    with socket.create_connection(("127.0.0.1", server.web.port)) as old:
        old.sendall(f"GET /api/events HTTP/1.0\r\nAuthorization: {headers['Authorization']}\r\n\r\n".encode())
        assert b'"live":true' in read_until(old, b'"live":true')


def follow_bare(server: EventServer, user: User) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.web.port))
    head = f"GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token_of(user)}\r\n\r\n"
    client.sendall(head.encode())
    read_until(client, b'"live":true')
    return client


def read_until(client: socket.socket, mark: bytes) -> bytes:
    received = bytearray()
    while mark not in received[-200:]:
        data = client.recv(65536)
        assert data, received
        received += data
    return bytes(received)
