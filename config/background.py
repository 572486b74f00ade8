"""Work that a request leaves behind: queued when its transaction is committed, tried again when it fails.

The functions are entry points of an app's ``tasks`` module, named by path so that services need not import upwards.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import django_rq
from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError
from rq import Retry

from config.api.models import UnqueuedTask
from config.logs import current_request_id

logger = logging.getLogger(__name__)

RETRY_SECONDS = [10, 60, 300, 1800, 7200]
"""Between attempts: a mail server that is restarted, or down for an evening."""


def enqueue(function: str, *arguments: int | str, seconds: int | None = None, retry: bool = True) -> None:
    """Queue ``function(*arguments)`` after commit. A dead Redis never fails the request: the reaper queues it later.

    seconds: how long it may take; None: the queue's time. retry: False where a row remembers that it is to be done.
    """

    def send() -> None:
        try:
            queue_now(function, arguments, seconds, retry)
        except RedisError:
            logger.warning("Redis did not take %s", function)
            if retry:
                UnqueuedTask.objects.create(function=function, arguments=arguments, seconds=seconds)

    transaction.on_commit(send)


def queue_again() -> int:
    """Queue what Redis did not take; answers how many. Twice at worst, where a process is killed in between."""
    queued = 0
    while True:
        with transaction.atomic():
            # Each by one of two reapers.
            task = UnqueuedTask.objects.select_for_update(skip_locked=True).order_by("pk").first()
            if task is None:
                return queued
            try:
                queue_now(task.function, task.arguments, task.seconds, True)
            except RedisError:
                return queued
            task.delete()
            queued += 1


def queue_now(
    function: str, arguments: Sequence[int | str] = (), seconds: int | None = None, retry: bool = True
) -> None:
    """Queue it without waiting for any commit. Raises RedisError."""
    django_rq.get_queue(settings.BACKGROUND_QUEUE, commit_mode="auto").enqueue(
        function,
        *arguments,
        job_timeout=seconds,
        # Workers log it; the arguments, such as the address of a forgotten password, are nobody's business there.
        description=function,
        retry=Retry(max=len(RETRY_SECONDS), interval=RETRY_SECONDS) if retry else None,
        meta={"request_id": current_request_id()},
        result_ttl=0,
        failure_ttl=7 * 24 * 3600,
    )
