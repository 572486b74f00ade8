"""Whose turn it is in a queue: read from the counters, by index, however much waits and has been.

The order within a queue: the user with the fewest running renders, then the one served longest ago (never is longest),
then the user whose next job has the higher priority, then the older one. See ``docs/queue.md``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from studio.models import QueueTotal, RenderJob
from tenants.scope import all_tenants

logger = logging.getLogger(__name__)

ORDER = "turn.running, turn.served NULLS FIRST, turn.head_priority DESC, turn.head_queued_at, turn.head_id"
"""As the index queueturn_order has it."""

RIPE_AT_ONCE = 100
"""Delayed jobs that one claim makes due; more are left to the next."""

_TRIES, _PAUSE_SECONDS = 100, 0.02
"""How often, and how far apart, a shard of the totals is asked for that others write."""

# Users of whom another claim holds one are as if they had one render more: whoever has no more than that goes first.
_NEXT_FREE = f"""
SELECT turn.owner_id, turn.running, turn.served
FROM studio_queueturn AS turn JOIN studio_queueuser AS counted ON counted.owner_id = turn.owner_id
WHERE turn.queue = %(queue)s AND turn.waiting > 0 AND turn.owner_id <> ALL(%(passed)s)
    AND turn.running <= 1 + (
        SELECT first.running FROM studio_queueturn AS first
        WHERE first.queue = %(queue)s AND first.waiting > 0 ORDER BY first.running LIMIT 1
    )
ORDER BY {ORDER} LIMIT 1 FOR UPDATE OF counted SKIP LOCKED
"""
_NEXT = f"""
SELECT turn.owner_id FROM studio_queueturn AS turn
WHERE turn.queue = %(queue)s AND turn.waiting > 0 AND turn.owner_id <> ALL(%(passed)s)
ORDER BY {ORDER} LIMIT 1
"""
_WAIT_FOR = "SELECT owner_id FROM studio_queueuser WHERE owner_id = %s FOR UPDATE"
_AS_READ = """
SELECT waiting > 0 AND running = %s AND served IS NOT DISTINCT FROM %s
FROM studio_queueturn WHERE owner_id = %s AND queue = %s
"""


def lock_next_user(queue: str, passed: Sequence[int]) -> tuple[int | None, bool]:
    """The user whose turn it is in the queue, those passed over aside, locked until the transaction ends.

    Answers the user's id, None when nobody waits; and whether that is certain, False when the queue has moved
    meanwhile and has to be asked again in a new transaction.
    """
    values: dict[str, Any] = {"queue": queue, "passed": list(passed)}
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_FREE, values)
        if row := cursor.fetchone():
            cursor.execute(_AS_READ, [*row[1:], row[0], queue])
            return row[0], bool((cursor.fetchone() or [False])[0])
        # Nobody waits, or others claim for those who do.
        cursor.execute(_NEXT, values)
        if (row := cursor.fetchone()) is None:
            return None, True
        cursor.execute(_WAIT_FOR, [row[0]])
        if cursor.fetchone():
            return row[0], True
    recount_user(row[0])
    return row[0], False


def next_job(owner_id: int, queue: str) -> RenderJob | None:
    """The locked user's next job, locked with its video; None when others hold all there are.

    Waits for nobody: whoever moves a job locks first the job, then the user, and a claim holds the user already.
    """
    found: RenderJob | None = (
        RenderJob.objects.queued()
        .filter(owner_id=owner_id, queue=queue, provider="local", not_before=None)
        .select_related("video")
        .order_by("-priority", "queued_at", "pk")
        .select_for_update(skip_locked=True, of=("self", "video"), no_key=True)
        .first()
    )
    return found


def ripen() -> int:
    """Make delayed jobs due whose time has come, RIPE_AT_ONCE at most; answers how many.

    A user at a time: whoever holds what is counted of one waits for no other.
    """
    with all_tenants():
        late = RenderJob.objects.queued().filter(not_before__lte=Now()).order_by("not_before")
        owners = dict.fromkeys(late.values_list("owner_id", flat=True)[:RIPE_AT_ONCE])
        count = 0
        for owner in owners:
            with transaction.atomic():
                theirs = late.filter(owner_id=owner).select_for_update(skip_locked=True, of=("self",), no_key=True)
                ids = list(theirs.values_list("pk", flat=True)[:RIPE_AT_ONCE])
                count += RenderJob.objects.filter(pk__in=ids).update(not_before=None)
    return count


def recount_user(owner_id: int) -> bool:
    """Count what one user has waiting and running; answers whether that was wrong, and no longer is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT studio_recount_user(%s)", [owner_id])
        (wrong,) = cursor.fetchone()
    if wrong:
        logger.warning("The queue's counters of user %s were wrong and have been put right", owner_id)
    return bool(wrong)


def recount_totals(shard: int) -> int:
    """Count one shard of the totals; answers how many were wrong, and no longer are.

    It needs the whole shard, and waits for it with nothing in its hands: somebody who moves several jobs in one
    transaction may hold one row of it and come to the next.
    """
    for _ in range(_TRIES):
        with suppress(_Busy), transaction.atomic():
            if not _lock_shard(shard):
                raise _Busy
            return _recount_totals(shard)
        time.sleep(_PAUSE_SECONDS)
    return _recount_totals(shard)


class _Busy(Exception):
    """Somebody else holds a part of the shard."""


def _lock_shard(shard: int) -> bool:
    """Lock what of the shard nobody else holds; answers whether that is all of it."""
    rows = QueueTotal.objects.filter(shard=shard)
    return len(rows.select_for_update(skip_locked=True).order_by("pk")) == rows.count()


def _recount_totals(shard: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT studio_recount_totals(%s)", [shard])
        (wrong,) = cursor.fetchone()
    if wrong:
        logger.warning("%d totals of the queue in shard %d were wrong and have been put right", wrong, shard)
    return int(wrong)


# Users with something counted, and those with an active job that is not counted.
_USERS = """
SELECT owner_id FROM (
    (SELECT owner_id FROM studio_queueuser WHERE owner_id > %(after)s ORDER BY owner_id LIMIT %(limit)s)
    UNION
    (SELECT DISTINCT owner_id FROM studio_queueturn WHERE owner_id > %(after)s ORDER BY owner_id LIMIT %(limit)s)
    UNION
    (SELECT DISTINCT owner_id FROM studio_renderjob WHERE owner_id > %(after)s AND status IN ('queued', 'running')
     ORDER BY owner_id LIMIT %(limit)s)
) AS known ORDER BY owner_id LIMIT %(limit)s
"""


def check_users(*, after: int, limit: int) -> tuple[int, int]:
    """Check the counters of the next users behind the id ``after``. Answers how many were wrong, and the last id,
    0 when there are no more.
    """
    with all_tenants(), connection.cursor() as cursor:
        cursor.execute(_USERS, {"after": after, "limit": limit})
        users = [owner for (owner,) in cursor.fetchall()]
    wrong = sum(recount_user(owner) for owner in users)
    return wrong, users[-1] if len(users) == limit else 0


def check_all(*, batch: int = 1000) -> dict[str, int]:
    """Check every counter, and put right what is wrong; answers how many users and totals were."""
    counts = {"users": 0, "totals": 0}
    after = -1
    while after:
        wrong, after = check_users(after=after, limit=batch)
        counts["users"] += wrong
    counts["totals"] = sum(recount_totals(shard) for shard in range(QueueTotal.SHARDS))
    return counts
