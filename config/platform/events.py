"""What happens to a user, or in a render, told to whoever follows: a log each in Redis, and a bell for every entry.

The log is short and forgets: it spares clients asking, it is no record. An entry's id is what a client sends to go on
from there; one whose place in the log is gone is told that it missed something, and asks the API for the whole again.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import redis

from config.platform.redis_link import client

logger = logging.getLogger(__name__)

BELL = "events"
"""The channel on which the log of every entry is called out."""
JobKind = Literal["state", "progress", "frame", "ack", "control", "rewind"]
"""What happens in a render."""
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


def user_log(user_id: int) -> str:
    """The name of a user's log."""
    return str(user_id)


def job_log(job_id: int) -> str:
    """The name of a render's log."""
    return f"job-{job_id}"


def job_of(log: str) -> int | None:
    """The render whose log has this name."""
    prefix, _, number = log.partition("-")
    return int(number) if prefix == "job" else None


def publish(user_ids: Iterable[int], kind: str, data: Mapping[str, Any]) -> None:
    """Tell users of something, after commit. A dead Redis is logged and fails nothing: clients also ask."""
    _publish([user_log(user_id) for user_id in sorted(set(user_ids))], kind, data)


def publish_job(job_id: int, kind: JobKind, data: Mapping[str, Any]) -> None:
    """Tell whoever follows a render of something, as ``publish`` does."""
    _publish([job_log(job_id)], kind, data)


def forget(user_ids: Iterable[int]) -> None:
    """Empty the logs of users; whoever follows one is told that it missed something. Raises RedisError."""
    _forget([user_log(user_id) for user_id in user_ids])


def forget_jobs(job_ids: Iterable[int]) -> None:
    """The same for the logs of renders."""
    _forget([job_log(job_id) for job_id in job_ids])


def read(user_id: int, after: str | None) -> Page:
    """The entries of a user after an id; without one, only where the log ends now. Raises RedisError."""
    return _read(user_log(user_id), after)


def read_job(job_id: int, after: str | None) -> Page:
    """The same of a render."""
    return _read(job_log(job_id), after)


def queue_read(pipe: Any, log: str, after: str | None) -> None:
    """The commands of ``read`` for a pipeline, synchronous or not; ``understand`` takes the replies."""
    key, here = _key(log), after or START
    pipe.xrevrange(key, count=1)
    pipe.xlen(key)
    # With the client's own: if it is there, so is all that followed.
    pipe.xrange(key, here, count=BATCH + 1)


def understand(replies: list[Any], after: str | None) -> Page:
    newest, length, entries = replies
    last = newest[0][0].decode() if newest else START
    if after is None:
        return Page([], last)
    if after != START:
        missed = not entries or entries[0][0] != after.encode()
        entries = entries[1:]
    else:
        missed, entries = length >= KEPT_ENTRIES, entries[:BATCH]
    if missed:
        return Page([], last, missed=True)
    events = [Event(key.decode(), fields[b"kind"].decode(), fields[b"data"]) for key, fields in entries]
    return Page(events, events[-1].id if events else after)


def _publish(logs: list[str], kind: str, data: Mapping[str, Any]) -> None:
    # The event server only reads, and would load both for nothing.
    from django.db import transaction

    from config.api.envelope import dumps

    content = dumps(data)

    def send() -> None:
        try:
            with client().pipeline(transaction=False) as pipe:
                for log in logs:
                    pipe.xadd(_key(log), {"kind": kind, "data": content}, maxlen=KEPT_ENTRIES, approximate=False)
                    pipe.expire(_key(log), KEPT_SECONDS)
                    pipe.publish(BELL, log)
                pipe.execute()
        except redis.RedisError:
            logger.warning("Redis did not take a %s event", kind)

    transaction.on_commit(send)


def _forget(logs: list[str]) -> None:
    if not logs:
        return
    with client().pipeline(transaction=False) as pipe:
        pipe.delete(*(_key(log) for log in logs))
        for log in logs:
            pipe.publish(BELL, log)
        pipe.execute()


def _read(log: str, after: str | None) -> Page:
    with client().pipeline(transaction=False) as pipe:
        queue_read(pipe, log, after)
        return understand(pipe.execute(), after)


def _key(log: str) -> str:
    return f"events:{log}"
