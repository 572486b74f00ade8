"""Work that a request leaves behind: queued when its transaction is committed, tried again when it fails.

Functions of a module, called with ids: the rows tell the rest. One that is moved or renamed has to stay importable by
its old path for as long as work may lie in a queue.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import django_rq
from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError
from rq import Retry

from config.api.models import UnqueuedTask
from config.platform.locks import session_lock
from config.platform.logs import current_request_id

logger = logging.getLogger(__name__)

RETRY_SECONDS = [10, 60, 300, 1800, 7200]
"""Between attempts: a mail server that is restarted, or down for an evening."""


def enqueue(
    function: Callable[..., object], *arguments: int | str, seconds: int | None = None, retry: bool = True
) -> None:
    """Queue ``function(*arguments)`` after commit. A dead Redis never fails the request: the reaper queues it later.

    seconds: how long it may take; None: the queue's time. retry: False where a row remembers that it is to be done.
    """

    def send() -> None:
        try:
            queue_now(path, arguments, seconds, retry)
        except RedisError:
            logger.warning("Redis did not take %s", path)
            if retry:
                UnqueuedTask.objects.create(function=path, arguments=arguments, seconds=seconds)

    path = path_of(function)
    transaction.on_commit(send)


def path_of(function: Callable[..., object]) -> str:
    """By which a worker finds the function."""
    return f"{function.__module__}.{function.__qualname__}"


def queue_again() -> int:
    """Queue what Redis did not take; answers how many. Twice at worst, where a process is killed in between."""
    queued = 0
    with session_lock("unqueued tasks") as mine:
        # Another reaper is at it.
        while mine and (task := UnqueuedTask.objects.order_by("pk").first()):
            try:
                queue_now(task.function, task.arguments, task.seconds, True)
            except RedisError:
                break
            task.delete()
            queued += 1
    return queued


def queue_now(path: str, arguments: Sequence[int | str] = (), seconds: int | None = None, retry: bool = True) -> None:
    """Queue the function of that path without waiting for any commit. Raises RedisError."""
    django_rq.get_queue(settings.BACKGROUND_QUEUE, commit_mode="auto").enqueue(
        path,
        *arguments,
        job_timeout=seconds,
        # Workers log it; the arguments, such as the address of a forgotten password, are nobody's business there.
        description=path,
        retry=Retry(max=len(RETRY_SECONDS), interval=RETRY_SECONDS) if retry else None,
        meta={"request_id": current_request_id()},
        result_ttl=0,
        failure_ttl=7 * 24 * 3600,
    )
