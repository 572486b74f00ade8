"""A user's events as they happen, for as long as the login lives: the server-sent events of ``GET /api/events``.

A process holds any number of streams on one event loop: one subscription to the bell wakes those it is about, and one
query every few seconds ends those whose session has ended.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

import redis.asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.utils import timezone
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from accounts.models import LoginSession
from config.api.envelope import dumps
from config.platform import events
from config.platform.commits import asynchronous

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2
"""After which a client asks again."""
HEARTBEAT_SECONDS = 15.0
"""Within which a silent stream shows proxies and clients that it is alive."""
CHECK_SECONDS = 3.0
"""Between two looks at the sessions."""
CONNECTIONS = 16
"""To Redis, of one event loop; the bell has one of them."""
ANSWER_SECONDS = 2.0
"""Within which Redis answers, if it does."""
SEEN_GRAIN = timedelta(minutes=1)


@dataclass(eq=False)
class Listener:
    """One open stream. ``bell`` rings when there is something to read, or the stream has ended."""

    user_id: int
    session_id: UUID
    token_expires_at: float
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False


async def follow(*, listener: Listener, after: str | None) -> AsyncIterator[bytes]:
    """The stream from ``after`` on, until the token expires or its session ends."""
    hub = Hub.of_this_loop()
    with hub.listening(listener):
        while (page := await hub.read(listener.user_id, after)) is None:
            # Redis is away; the client stays, and starts where it would have.
            yield b":\n\n"
            await asyncio.sleep(RETRY_SECONDS)
            if listener.ended:
                return
        yield opening(page, live=True)
        while not listener.ended:
            if content := encode(page):
                yield content
            # Cleared before it is read, so that no ring in between is lost.
            listener.bell.clear()
            page = await hub.read(listener.user_id, page.last) or events.Page([], page.last)
            if page.events or page.missed:
                continue
            try:
                await asyncio.wait_for(listener.bell.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield b":\n\n"


def catch_up(*, user_id: int, after: str | None) -> bytes:
    """The plain answer, where a request may not stay: what happened since, and when to ask again."""
    try:
        page = events.read(user_id, after)
    except redis.RedisError:
        # Without Redis nothing is known to have happened, and the client keeps its place.
        return _retry() + _ready(live=False)
    return opening(page, live=False) + encode(page)


def opening(page: events.Page, *, live: bool) -> bytes:
    """When to come back, and from where; ``live`` tells whether the stream stays open."""
    # With what it has missed or before what it is sent, the client's place is the start of this page.
    place = b"" if page.events else b"id: %b\n" % page.last.encode()
    return _retry() + place + _ready(live=live)


def _retry() -> bytes:
    return b"retry: %d\n\n" % (RETRY_SECONDS * 1000)


def _ready(*, live: bool) -> bytes:
    return b"event: ready\ndata: %b\n\n" % dumps({"live": live})


def encode(page: events.Page) -> bytes:
    """Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html. JSON has no line breaks."""
    if page.missed:
        return b"id: %b\nevent: reset\ndata: {}\n\n" % page.last.encode()
    return b"".join(b"id: %b\nevent: %b\ndata: %b\n\n" % (e.id.encode(), e.kind.encode(), e.data) for e in page.events)


class Hub:
    """The streams of one event loop."""

    _hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()

    def __init__(self) -> None:
        # Reads wait for each other: one event for everybody makes every stream read at once.
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            settings.REDIS_URL,
            max_connections=CONNECTIONS,
            timeout=60,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
        )
        self._redis = redis.asyncio.Redis.from_pool(pool)
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self._watch())]

    @classmethod
    def of_this_loop(cls) -> Hub:
        loop = asyncio.get_running_loop()
        if loop not in cls._hubs:
            cls._hubs[loop] = cls()
        return cls._hubs[loop]

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        log = events.user_log(listener.user_id)
        self._listeners[log].add(listener)
        try:
            yield
        finally:
            self._listeners[log].discard(listener)
            if not self._listeners[log]:
                del self._listeners[log]

    async def read(self, user_id: int, after: str | None) -> events.Page | None:
        """None while Redis is away."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                events.queue_read(pipe, events.user_log(user_id), after)
                return events.understand(await pipe.execute(), after)
        except (redis.RedisError, OSError):
            return None

    async def _hear(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(events.BELL)
                    # Whatever happened while nobody listened is in the logs.
                    self._ring(self._everybody())
                    async for log in _rings(channel):
                        self._ring(self._listeners.get(log, ()))
            except (redis.RedisError, OSError) as error:
                logger.warning("Redis is away; events come late: %s", error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            listeners = self._everybody()
            if not listeners:
                continue
            try:
                alive = await sync_to_async(_still_alive)({listener.session_id for listener in listeners})
            except Exception:
                # Whatever it was, the next look may go well; without one, no stream would end any more.
                logger.exception("The sessions could not be checked")
                continue
            now = time.time()
            ended = [each for each in listeners if each.session_id not in alive or each.token_expires_at <= now]
            for listener in ended:
                listener.ended = True
            self._ring(ended)

    def _everybody(self) -> list[Listener]:
        return [listener for listeners in self._listeners.values() for listener in listeners]

    def _ring(self, listeners: Iterable[Listener]) -> None:
        for listener in listeners:
            listener.bell.set()


async def _rings(channel: redis.asyncio.client.PubSub) -> AsyncIterator[str]:
    """The logs for which the bell rings. Raises redis.TimeoutError when Redis hangs."""
    asked = False
    while True:
        message = await channel.get_message(timeout=HEARTBEAT_SECONDS)
        if message is None:
            # Silence: nobody rings, or nobody is there.
            if asked:
                raise redis.TimeoutError("Redis does not answer a ping")
            await channel.ping()
        asked = message is None
        if message and message["type"] == "message":
            yield message["data"].decode()


def _still_alive(session_ids: set[UUID]) -> set[UUID]:
    """Those that may go on; their users are seen to be there."""
    try:
        alive = LoginSession.objects.alive().filter(pk__in=session_ids, user__is_active=True)
        with asynchronous():
            alive.filter(last_seen_at__lt=timezone.now() - SEEN_GRAIN).update(last_seen_at=timezone.now())
        return set(alive.values_list("pk", flat=True))
    finally:
        # Back to the pool.
        connection.close()
