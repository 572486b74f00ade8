"""Work that a request leaves behind: queued when its transaction is committed, tried again when it fails.

The functions are entry points of an app's ``tasks`` module, named by path so that services need not import upwards.
"""

from __future__ import annotations

import logging

import django_rq
from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError
from rq import Retry

logger = logging.getLogger(__name__)

RETRY_SECONDS = [10, 60, 300, 1800, 7200]
"""Between attempts: a mail server that is restarted, or down for an evening."""


def enqueue(function: str, *arguments: int | str, seconds: int | None = None, retry: bool = True) -> None:
    """Queue ``function(*arguments)`` after commit. A dead Redis is logged and never fails the request.

    seconds: how long it may take; None: the queue's time. retry: False where a row remembers that it is to be done.
    """

    def send() -> None:
        try:
            django_rq.get_queue(settings.BACKGROUND_QUEUE).enqueue(
                function,
                *arguments,
                job_timeout=seconds,
                retry=Retry(max=len(RETRY_SECONDS), interval=RETRY_SECONDS) if retry else None,
                result_ttl=0,
                failure_ttl=7 * 24 * 3600,
            )
        except RedisError:
            logger.exception("Redis did not take %s", function)

    transaction.on_commit(send)
