"""The hub in this process: who is dropped, and what is read together."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from config.platform import events
from config.platform.streams import Followed, Ticket
from config.streams import hub as hub_module
from config.streams.hub import Hub
from config.streams.stream import Stream
from tests.patience import FOREVER_SECONDS

pytestmark = pytest.mark.usefixtures("transactional_db")

LOG = events.job_log(1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hub_module, "CHECK_SECONDS", 0.02)
    events.forget_jobs([1])
    yield
    events.forget_jobs([1])


def ticket(after: str | None = events.START, expires_in: float = 1000.0) -> Ticket:
    return Ticket(Followed(LOG, 1, "session"), after, time.time() + expires_in, b"")


def run(scene: Callable[[Hub], Awaitable[Any]]) -> Any:
    """The scene, with a hub that works."""

    async def play() -> Any:
        hub = Hub(10)
        parts = [asyncio.create_task(part) for part in hub.parts()]
        try:
            return await asyncio.wait_for(scene(hub), FOREVER_SECONDS)
        finally:
            pending = set(parts)
            while pending:
                for part in pending:
                    part.cancel()
                _, pending = await asyncio.wait(pending, timeout=0.2)
            await hub.close()

    return asyncio.run(play())


def client_of(hub: Hub, ticket: Ticket) -> tuple[Stream, socket.socket]:
    """A stream of the hub, and its other end."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    ours.setblocking(False)
    stream = Stream(ours, ticket, drained=hub.ring, ended=hub.remove)
    hub.add(stream)
    return stream, theirs


async def tell(kind: events.JobKind, data: dict[str, Any]) -> None:
    def publish() -> None:
        events.publish_job(1, kind, data)
        connection.close()

    await asyncio.to_thread(publish)


async def read_until(client: socket.socket, mark: bytes) -> bytes:
    received = b""
    while mark not in received:
        data = await asyncio.get_running_loop().sock_recv(client, 2**20)
        if not data:
            break
        received += data
    return received


def test_whoever_is_at_the_same_place_is_read_for_once() -> None:
    async def scene(hub: Hub) -> list[tuple[str, str | None]]:
        asked: list[tuple[str, str | None]] = []
        read = hub._read

        async def counted(wanted: list[tuple[str, str | None]]) -> list[events.Page]:
            asked.extend(wanted)
            return await read(wanted)

        hub._read = counted  # type: ignore[method-assign]
        clients = [client_of(hub, ticket())[1] for _ in range(5)]
        await tell("rewind", {"frame": 7})
        for client in clients:
            assert b'"frame":7' in await read_until(client, b'"frame":7}')
            client.close()
        return asked

    asked = run(scene)
    assert {log for log, _ in asked} == {LOG}
    # One for their start, one for the news, and perhaps one when the bell was first heard.
    assert len(asked) <= 3


def test_who_does_not_read_is_sent_no_more_and_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "STALLED_SECONDS", 0.2)

    async def scene(hub: Hub) -> None:
        stream, stalled = client_of(hub, ticket())
        _, reading = client_of(hub, ticket())
        for number in range(20):
            await tell("frame", {"picture": "x" * 100_000, "frame": number})
            await read_until(reading, b'"frame":%d}' % number)
        assert stream.stalled_at is not None
        while stream.open:
            await asyncio.sleep(0.01)
        # What it could still read is less than what there was.
        assert len(await read_until(stalled, b"never")) < 10 * 100_000
        stalled.close()
        reading.close()

    run(scene)


def test_who_reads_late_misses_nothing() -> None:
    async def scene(hub: Hub) -> None:
        stream, late = client_of(hub, ticket())
        for number in range(20):
            await tell("frame", {"picture": "x" * 100_000, "frame": number})
        while stream.stalled_at is None:
            await asyncio.sleep(0.01)
        received = await read_until(late, b'"frame":19}')
        assert [received.count(b'"frame":%d}' % number) for number in range(20)] == [1] * 20
        late.close()

    run(scene)


def test_an_expired_token_ends_its_stream() -> None:
    async def scene(hub: Hub) -> None:
        _, other = client_of(hub, ticket())
        stream, client = client_of(hub, ticket(expires_in=0.1))
        assert await read_until(client, b"never") == b""
        assert not stream.open
        await tell("rewind", {"frame": 7})
        assert b'"frame":7' in await read_until(other, b'"frame":7}')
        for end in (client, other):
            end.close()

    run(scene)


def test_a_gap_ends_a_stream_after_it_is_told() -> None:
    async def scene(hub: Hub) -> None:
        _, client = client_of(hub, ticket(after="1-1"))
        assert await read_until(client, b"never") == b"id: 0-0\nevent: reset\ndata: {}\n\n"
        client.close()

    run(scene)


def test_a_silent_stream_shows_that_it_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "HEARTBEAT_SECONDS", 0.1)

    async def scene(hub: Hub) -> None:
        _, client = client_of(hub, ticket())
        assert await read_until(client, b":\n\n:\n\n") == b":\n\n:\n\n"
        client.close()

    run(scene)
