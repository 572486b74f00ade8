"""All streams of the event server: who hears of what, and who must go.

One subscription to the bell tells which logs have news; those are read together, whoever follows them, in one question
to Redis. One look every few seconds ends the streams whose token has expired, and those whose client does not read.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from itertools import islice
from typing import Any

import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from config.api.errors import DomainError
from config.platform import events
from config.platform.event_text import HEARTBEAT, RETRY_SECONDS, encode, place_at
from config.streams.stream import Stream

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
"""Within which a silent stream shows proxies and clients that it is alive."""
CHECK_SECONDS = 3.0
"""Between two looks at all streams."""
STALLED_SECONDS = 30.0
"""In which a client takes what it was sent."""
ANSWER_SECONDS = 2.0
"""Within which Redis answers, if it does."""
READS_AT_ONCE = 64
WRITES_AT_ONCE = 500
"""Between two of which others have their turn."""


class Hub:
    """room: how many streams there may be."""

    def __init__(self, room: int) -> None:
        self._room = room
        pool = redis.asyncio.ConnectionPool.from_url(
            settings.REDIS_URL,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
        )
        self._redis = redis.asyncio.Redis.from_pool(pool)
        self._streams: dict[str, set[Stream]] = defaultdict(set)
        self._of_user: Counter[int] = Counter()
        self._count = 0
        self._due: dict[str, None] = {}
        """Logs with news, in the order in which they had them."""
        self._news = asyncio.Event()

    def ensure_room(self, user_id: int) -> None:
        """Raises DomainError when the user, or everybody together, has as many streams as may be."""
        if self._of_user[user_id] >= settings.EVENT_STREAMS_PER_USER:
            raise DomainError(
                "too_many_streams",
                f"You have {self._of_user[user_id]} streams open, as many as one may have; close one first.",
                429,
                headers={"Retry-After": "30"},
            )
        if self._count >= self._room:
            raise DomainError(
                "busy", "Too many streams are open at this moment; try again soon", 503, headers={"Retry-After": "5"}
            )

    def add(self, stream: Stream) -> None:
        self._streams[stream.followed.log].add(stream)
        self._of_user[stream.followed.user_id] += 1
        self._count += 1
        self.ring(stream)

    def remove(self, stream: Stream) -> None:
        log, user_id, _ = stream.followed
        self._streams[log].discard(stream)
        if not self._streams[log]:
            del self._streams[log]
        self._of_user[user_id] -= 1
        self._count -= 1
        if not self._of_user[user_id]:
            del self._of_user[user_id]

    def ring(self, stream: Stream) -> None:
        """Look whether there is something new for it."""
        self._ring([stream.followed.log])

    def parts(self) -> list[Coroutine[Any, Any, None]]:
        """What has to run for as long as the server does."""
        return [self._hear(), self._deliver(), self._watch()]

    async def close(self) -> None:
        """Once its parts have ended."""
        self.end_all()
        await self._redis.aclose()

    def end_all(self) -> None:
        for stream in self._all():
            stream.end()

    async def _hear(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(events.BELL)
                    # Whatever happened while nobody listened is in the logs.
                    self._ring(list(self._streams))
                    async for log in _rings(channel):
                        if log in self._streams:
                            self._ring([log])
            except (redis.RedisError, OSError) as error:
                logger.warning("Redis is away; events come late: %s", error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _deliver(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._due:
                wanted = list(self._take())
                try:
                    pages = await self._read(wanted) if wanted else []
                except (redis.RedisError, OSError):
                    self._ring([log for log, _ in wanted])
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                for (log, place), page in zip(wanted, pages, strict=True):
                    self._show(log, place, page)

    def _take(self) -> Iterator[tuple[str, str | None]]:
        """Some logs with news, and the places from which they are to be read."""
        for log in list(islice(self._due, READS_AT_ONCE)):
            del self._due[log]
            places = {stream.place for stream in self._streams.get(log, ()) if stream.stalled_at is None}
            yield from ((log, place) for place in places)

    async def _read(self, wanted: list[tuple[str, str | None]]) -> list[events.Page]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for log, place in wanted:
                events.queue_read(pipe, log, place)
            replies = await pipe.execute()
        each = len(replies) // len(wanted)
        return [events.understand(replies[i * each : (i + 1) * each], place) for i, (_, place) in enumerate(wanted)]

    def _show(self, log: str, place: str | None, page: events.Page) -> None:
        # One that began while Redis was away learns where it is.
        text = encode(page) if place else place_at(page.last) + b"\n"
        for stream in list(self._streams.get(log, ())):
            if stream.place != place or stream.stalled_at is not None:
                continue
            stream.place = page.last
            if text:
                stream.write(text)
            if page.missed:
                # It comes again, and is shown the whole.
                stream.end()
        if len(page.events) == events.BATCH:
            self._ring([log])

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            now, mono = time.time(), time.monotonic()
            for number, stream in enumerate(self._all()):
                if number % WRITES_AT_ONCE == 0:
                    await asyncio.sleep(0)
                if not stream.open:
                    continue
                stalled = stream.stalled_at is not None and mono - stream.stalled_at > STALLED_SECONDS
                if stalled or stream.expires_at <= now:
                    stream.end()
                elif stream.stalled_at is None and mono - stream.spoke_at > HEARTBEAT_SECONDS - CHECK_SECONDS:
                    stream.write(HEARTBEAT)

    def _all(self) -> list[Stream]:
        return [stream for streams in self._streams.values() for stream in streams]

    def _ring(self, logs: Iterable[str]) -> None:
        self._due.update(dict.fromkeys(logs))
        self._news.set()


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
