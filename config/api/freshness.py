"""Whether something cached of a list still tells the truth: a token per list, replaced by every change of its rows.

Whatever is cached is filed together with the token that was read *before* its rows were; the token is replaced *after*
the change is committed. So what was read before a change is never served to a request that begins after it.
"""

from __future__ import annotations

import uuid
from functools import partial

from django.core.cache import cache
from django.db import transaction


def token_key(name: str) -> str:
    """Where the list's token lies in the cache."""
    return f"fresh:{name}"


def current_token(name: str) -> str:
    """The list's token; a lost one is replaced, which makes everything filed under it stale."""
    found: str | None = cache.get(token_key(name))
    if found is None:
        cache.add(token_key(name), uuid.uuid4().hex, timeout=None)
        found = cache.get(token_key(name), "")
    return found


def outdate(name: str) -> None:
    """Call where rows of the list change: once the transaction is committed, nothing cached of it counts any more."""
    transaction.on_commit(partial(_replace, name))


def _replace(name: str) -> None:
    cache.set(token_key(name), uuid.uuid4().hex, timeout=None)
