"""What every studio does again and again, whatever apps it has."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.utils import timezone
from redis.exceptions import RedisError

from config.api import freshness
from config.api.idempotency import forget_before
from config.api.models import DurableEntry
from config.platform import background
from config.platform.cache import durable
from config.platform.heartbeat import forget_programs
from config.platform.hooks import every_hour, every_pass

# A client that repeats a request does so within hours, not weeks.
KEPT_ANSWERS = timedelta(days=7)


def _settle() -> int:
    with suppress(RedisError):
        return freshness.settle()
    return 0


def _forget_answers() -> int:
    return forget_before(timezone.now() - KEPT_ANSWERS)


def _forget_expired() -> int:
    return DurableEntry.objects.filter(expires__lt=timezone.now()).delete()[0]


def _queue_hourly() -> int:
    """Queue what is due once an hour; answers how many."""
    # Asked first: to add what is there is an error in PostgreSQL's log.
    if durable.get("reap:hourly") or not durable.add("reap:hourly", 1, timeout=3600):
        return 0
    try:
        for task in every_hour.values():
            background.queue_now(background.path_of(task))
    except RedisError:
        # The next round tries again.
        durable.delete("reap:hourly")
        return 0
    return len(every_hour.values())


every_pass.plug("tasks queued that Redis had not taken", background.queue_again)
every_pass.plug("lists told of changes that Redis had missed", _settle)
every_pass.plug("idempotency keys forgotten", _forget_answers)
every_pass.plug("expired marks forgotten", _forget_expired)
every_pass.plug("programs forgotten", forget_programs)
every_pass.plug("hourly tasks queued", _queue_hourly)
