"""Live events: over the event server, and as the plain answer of the web server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
from django.conf import settings
from django.db import transaction
from rest_framework.test import APIClient

from accounts.models import LoginSession, User
from accounts.services import Device, open_session
from accounts.tests.mailbox import work
from config.platform import events
from config.platform.events import publish
from messaging.services import open_chat
from studio.models import ModelFile
from tests.event_server import EventServer, events_of
from tests.fixtures import PASSWORD, UserFactory
from tests.patience import FOREVER_SECONDS
from tests.relay import Relay
from tests.waiting import until
from tests.worker import WorkerProcess

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[EventServer]:
    with EventServer(EVENT_STREAMS_PER_USER="1000") as server:
        yield server


def token_of(user: User) -> str:
    return open_session(user=user, device=Device()).access


def ask(api: APIClient, **headers: str) -> list[dict[str, Any]]:
    """What the web server answers."""
    response = api.get("/api/events", headers=headers)
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    return list(events_of(iter(response.getvalue().split(b"\n"))))


def test_a_message_is_at_both_sides_at_once(server: EventServer, make_user: UserFactory, client_of: Any) -> None:
    ann, bob, eve = make_user(), make_user(), make_user()
    chat = open_chat(user=ann, recipient_id=bob.pk)
    with (
        server.following(token_of(ann)) as at_ann,
        server.following(token_of(bob)) as at_bob,
        server.following(token_of(eve)) as at_eve,
    ):
        for stream in (at_ann, at_bob, at_eve):
            first = next(stream)
            assert (first["event"], first["data"]) == ("ready", {"live": True})
        sent = client_of(ann).post("/api/messages", {"chatId": chat.pk, "message": "<b>hello</b>"})
        for stream in (at_ann, at_bob):
            heard = next(stream)
            assert heard["event"] == "message"
            assert heard["data"] == sent.json()["data"]
        client_of(bob).post(f"/api/chats/{chat.pk}/read", {"messageId": sent.json()["data"]["id"]})
        for stream in (at_ann, at_bob):
            heard = next(stream)
            assert (heard["event"], heard["data"]["userId"]) == ("read", bob.pk)
            assert heard["data"]["messageId"] == sent.json()["data"]["id"]
        # Eve hears of her own matters alone: what comes first to her is what is told her last.
        publish([eve.pk], "support", {"requestId": 1})
        assert next(at_eve)["event"] == "support"


def test_a_render_is_followed_to_its_end(
    server: EventServer, user: User, api: APIClient, tiny_model: ModelFile
) -> None:
    with WorkerProcess() as worker, server.following(token_of(user)) as stream:
        next(stream)
        worker.until_listening()
        answer = api.post("/api/generate", {"type": "deforum", "prompt": "a red sea", "length": 1, "fps": 8})
        assert answer.status_code == 200, answer.content
        row = answer.json()["data"]
        heard = [next(stream)]
        while heard[-1]["data"]["job_status"] not in ("completed", "failed"):
            heard.append(next(stream))
        assert {event["event"] for event in heard} == {"render"}
        assert {(event["data"]["videoId"], event["data"]["job_id"]) for event in heard} == {(row["id"], row["job_id"])}
        states = list(dict.fromkeys(event["data"]["job_status"] for event in heard))
        assert states == ["queued", "running", "completed"]
        progress = [event["data"]["progress"] for event in heard]
        assert progress == sorted(progress)
        assert len(set(progress)) > 2, "progress is told while it renders"
        assert progress[-1] == 100


def test_it_is_seen_to_be_there(server: EventServer) -> None:
    def programs() -> dict[str, str]:
        return requests.get(f"{server.url}/api/status", timeout=60).json()["data"]["programs"]

    until(lambda: programs().get("events") == "up", "sign of life")


def test_who_was_away_goes_on_where_it_was(server: EventServer, user: User) -> None:
    token = token_of(user)
    with server.following(token) as stream:
        start = next(stream)["id"]
        publish([user.pk], "support", {"requestId": 1})
        first = next(stream)
    for number in (2, 3):
        publish([user.pk], "support", {"requestId": number})
    for place, numbers in ((first["id"], [2, 3]), (start, [1, 2, 3])):
        with server.following(token, Last_Event_ID=place) as stream:
            assert next(stream)["event"] == "ready"
            assert [next(stream)["data"]["requestId"] for _ in numbers] == numbers


def test_the_end_of_the_session_ends_the_stream(server: EventServer, user: User, api: APIClient) -> None:
    with server.following(token_of(user)) as stream:
        next(stream)
        LoginSession.objects.filter(user=user).revoke()
        assert list(stream) == []
    with server.following(token_of(user)) as stream:
        next(stream)
        User.objects.filter(pk=user.pk).update(is_active=False)
        assert list(stream) == []


def test_an_open_stream_shows_its_user_online(server: EventServer, user: User) -> None:
    with server.following(token_of(user)) as stream:
        next(stream)
        session = LoginSession.objects.get(user=user)
        LoginSession.objects.filter(pk=session.pk).update(last_seen_at=session.created_at.replace(year=2020))

        def seen() -> bool:
            session.refresh_from_db()
            return session.last_seen_at.year > 2020

        until(seen, "sign of the user")


def test_strangers_follow_nothing(server: EventServer, user: User) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = requests.get(f"{server.url}/api/events", headers=headers, timeout=FOREVER_SECONDS)
        assert answer.status_code == 401
        assert answer.json()["success"] is False
    answer = requests.get(
        f"{server.url}/api/events",
        params={"after": "x"},
        headers={"Authorization": f"Bearer {token_of(user)}"},
        timeout=FOREVER_SECONDS,
    )
    assert answer.status_code == 422
    assert "after" in answer.json()["data"]


def test_many_streams_share_a_few_connections(server: EventServer, user: User) -> None:
    """More streams than the pools of PostgreSQL and Redis have connections, all at once."""
    token, count = token_of(user), 120
    everybody, ready = (threading.Barrier(count + 1, timeout=FOREVER_SECONDS) for _ in range(2))

    def follow() -> str:
        with server.following(token) as stream:
            assert next(stream)["event"] == "ready"
            everybody.wait()
            ready.wait()
            return str(next(stream)["data"]["requestId"])

    with ThreadPoolExecutor(count) as pool:
        streams = [pool.submit(follow) for _ in range(count)]
        everybody.wait()
        publish([user.pk], "support", {"requestId": 7})
        ready.wait()
        assert [stream.result() for stream in streams] == ["7"] * count


def test_the_web_server_answers_plainly(user: User, api: APIClient) -> None:
    (ready,) = ask(api)
    assert (ready["event"], ready["data"]) == ("ready", {"live": False})
    publish([user.pk], "support", {"requestId": 5})
    _, event = ask(api, **{"Last-Event-ID": ready["id"]})
    assert (event["event"], event["data"]) == ("support", {"requestId": 5})
    (again,) = ask(api, **{"Last-Event-ID": event["id"]})
    assert again["id"] == event["id"]
    assert api.get("/api/events", {"after": "0-x"}).status_code == 422


@pytest.mark.parametrize("begin", ["a place of before", "the empty start"])
def test_who_was_away_too_long_is_told_so(
    begin: str, user: User, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEPT_ENTRIES", 3)
    if begin == "a place of before":
        publish([user.pk], "support", {"requestId": 0})
    start = ask(api)[0]["id"]
    for number in range(1, 5):
        publish([user.pk], "support", {"requestId": number})
    _, reset = ask(api, **{"Last-Event-ID": start})
    assert reset["event"] == "reset"
    publish([user.pk], "support", {"requestId": 9})
    _, event = ask(api, **{"Last-Event-ID": reset["id"]})
    assert event["data"] == {"requestId": 9}


def test_a_render_has_a_log_of_its_own(user: User) -> None:
    # Renders of other tests have had small numbers.
    job = 10**12 + user.pk
    start = events.read_job(job, None).last
    events.publish_job(job, "progress", {"frame": 1})
    events.publish_job(job + 1, "progress", {"frame": 2})
    page = events.read_job(job, start)
    assert [(event.kind, event.data) for event in page.events] == [("progress", b'{"frame":1}')]
    assert not events.read(job, events.START).events, "a user of the same number hears nothing of it"
    events.forget_jobs([job])
    assert events.read_job(job, page.last).missed
    assert len(events.read_job(job + 1, events.START).events) == 1


def test_nothing_is_told_of_what_is_rolled_back(user: User, api: APIClient) -> None:
    start = ask(api)[0]["id"]
    with transaction.atomic():
        publish([user.pk], "support", {"requestId": 1})
        transaction.set_rollback(True)
    assert len(ask(api, **{"Last-Event-ID": start})) == 1


def test_the_end_of_an_account_takes_its_words_out_of_the_logs(
    user: User, api: APIClient, make_user: UserFactory, client_of: Any
) -> None:
    friend = make_user()
    as_friend = client_of(friend)
    start = ask(as_friend)[0]["id"]
    chat = open_chat(user=user, recipient_id=friend.pk)
    assert api.post("/api/messages", {"chatId": chat.pk, "message": "my secret"}).status_code == 201
    _, told = ask(as_friend, **{"Last-Event-ID": start})
    assert told["data"]["message"] == "my secret"
    assert api.post("/api/me/delete", {"password": PASSWORD}).status_code == 202
    work()
    _, reset = ask(as_friend, **{"Last-Event-ID": told["id"]})
    assert reset["event"] == "reset"
    assert not [event for person in (user, friend) for event in events.read(person.pk, events.START).events]


@pytest.mark.parametrize("way", ["gone", "hanging"])
def test_a_stream_outlives_an_outage_of_redis(user: User, way: str) -> None:
    target = unquote(urlsplit(settings.REDIS_URL).path)
    with (
        Relay(target) as relay,
        EventServer(REDIS_URL="redis://{}:{}/0".format(*relay.address)) as server,
        server.following(token_of(user)) as stream,
    ):
        assert next(stream)["event"] == "ready"
        relay.go() if way == "gone" else relay.hang()
        publish([user.pk], "support", {"requestId": 1})
        # Who comes now stays as well, and starts with what it has missed.
        with server.following(token_of(user), Last_Event_ID="0-0") as late:
            relay.come_back()
            assert [next(late)["event"] for _ in range(2)] == ["ready", "support"]
        assert next(stream)["data"] == {"requestId": 1}
