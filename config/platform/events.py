"""What happens to a user, told to whoever follows: a log per user in Redis, and a bell that rings at every entry.

The log is short and forgets: it spares clients asking, it is no record. An entry's id is what a client sends to go on
from there; one whose place in the log is gone is told that it missed something, and asks the API for the whole again.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import redis
from django.db import transaction

from config.api.envelope import dumps
from config.platform.redis_link import client

logger = logging.getLogger(__name__)

BELL = "events"
"""The channel on which every entry's user is called out."""
KEPT_ENTRIES, KEPT_SECONDS = 500, 3600
BATCH = 100
START = "0-0"
"""The id before the first entry of an empty log."""

_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")


@dataclass(frozen=True)
class Event:
    """``data`` is JSON as the API writes it."""

    id: str
    kind: str
    data: bytes


@dataclass(frozen=True)
class Page:
    """What follows an id. ``last`` is the id to go on from; ``missed``: entries in between are gone."""

    events: list[Event]
    last: str
    missed: bool = False


def is_id(text: str) -> bool:
    """Whether this can be the id of an event."""
    return bool(_ID.fullmatch(text))


def publish(user_ids: Iterable[int], kind: str, data: Mapping[str, Any]) -> None:
    """Tell users of something, after commit. A dead Redis is logged and fails nothing: clients also ask."""
    users, content = sorted(set(user_ids)), dumps(data)

    def send() -> None:
        try:
            with client().pipeline(transaction=False) as pipe:
                for user in users:
                    pipe.xadd(_key(user), {"kind": kind, "data": content}, maxlen=KEPT_ENTRIES, approximate=False)
                    pipe.expire(_key(user), KEPT_SECONDS)
                    pipe.publish(BELL, user)
                pipe.execute()
        except redis.RedisError:
            logger.warning("Redis did not take a %s event", kind)

    transaction.on_commit(send)


def forget(user_ids: Iterable[int]) -> None:
    """Empty the logs of users; whoever follows one is told that it missed something. Raises RedisError."""
    keys = [_key(user_id) for user_id in user_ids]
    if keys:
        client().delete(*keys)


def read(user_id: int, after: str | None) -> Page:
    """The entries after an id; without one, only where the log ends now. Raises RedisError."""
    with client().pipeline(transaction=False) as pipe:
        queue_read(pipe, user_id, after)
        return understand(pipe.execute(), after)


def queue_read(pipe: Any, user_id: int, after: str | None) -> None:
    """The commands of ``read`` for a pipeline, synchronous or not; ``understand`` takes the replies."""
    key, here = _key(user_id), after or START
    pipe.xrevrange(key, count=1)
    pipe.xlen(key)
    pipe.xrange(key, here, here)
    pipe.xrange(key, f"({here}", count=BATCH)


def understand(replies: list[Any], after: str | None) -> Page:
    newest, length, here, entries = replies
    last = newest[0][0].decode() if newest else START
    if after is None:
        return Page([], last)
    missed = length >= KEPT_ENTRIES if after == START else not here
    if missed:
        return Page([], last, missed=True)
    events = [Event(key.decode(), fields[b"kind"].decode(), fields[b"data"]) for key, fields in entries]
    return Page(events, events[-1].id if events else after)


def _key(user_id: int) -> str:
    return f"events:{user_id}"
