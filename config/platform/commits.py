"""When a write reaches the disk: before anybody is told of it, which is PostgreSQL's way, or in one of these two.

A transaction keeps its locks until it is on disk. Where everybody writes to one row, such as a wallet that a thousand
renders are paid from, that makes as many commits a second as the disk has turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from django.db import connection, transaction

from tenants.postgresql.base import DatabaseWrapper

LOCKS_GO_EARLY = "early AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"
"""For the WITH of a statement that reads FROM it: the transaction lets go of its locks before it is on disk.

``before_anybody_is_told`` has to follow: the two together are as durable as a plain commit.
"""


def before_anybody_is_told() -> None:
    """Whatever this transaction wrote is on disk before its ``atomic`` block ends and its hooks run; without one, now.

    Whoever commits meanwhile waits for the same turn of the disk, instead of for one's own after another's.
    """
    cast(DatabaseWrapper, connection).flush_before_hooks()


@contextmanager
def asynchronous() -> Iterator[None]:
    """A transaction for what may be lost with the power, up to half a second of it: progress, signs of life.

    Within another transaction it changes nothing: that one knows better what it writes.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")
        yield
