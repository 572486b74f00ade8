"""Whether something cached of a list still tells the truth: a token per list, replaced by every change of its rows.

Whatever is cached is filed together with the token that was read *before* its rows were; the token is replaced *after*
the change is committed. So what was read before a change is never served to a request that begins after it.

The tokens lie in Redis. A change that Redis was not told of is noted in PostgreSQL, and whoever met Redis anew since it
kept something settles that first: otherwise Redis would come back with the token from before the change.
"""

from __future__ import annotations

import uuid
from functools import partial

from django.db import transaction
from redis.exceptions import RedisError

from config.api.models import UntoldChange
from config.platform.redis_link import client, link


def current_token(name: str) -> str:
    """The list's token; a lost one is replaced, which makes everything filed under it stale.

    While Redis is away, one that nobody else has: nothing is found under it.
    """
    key, own = _key(name), own_token()
    try:
        redis = client()
        found = redis.get(key)
        if found is None:
            redis.set(key, own, nx=True)
            found = redis.get(key)
    except RedisError:
        return own
    return found.decode() if isinstance(found, bytes) else own


def outdate(name: str) -> None:
    """Call where rows of the list change: once the transaction is committed, nothing cached of it counts any more."""
    noted = link.away
    if noted:
        # With the change itself, so that not even a crash parts them.
        UntoldChange.objects.create(name=name)
    transaction.on_commit(partial(_replace, name, noted))


def settle() -> int:
    """Replace the tokens of lists that changed while Redis was away; answers how many. Raises RedisError."""
    untold = dict(UntoldChange.objects.values_list("pk", "name"))
    names = set(untold.values())
    for name in names:
        client().set(_key(name), own_token())
    if untold:
        UntoldChange.objects.filter(pk__in=untold).delete()
    return len(names)


def _replace(name: str, noted: bool) -> None:
    try:
        client().set(_key(name), own_token())
    except RedisError:
        if not noted:
            UntoldChange.objects.create(name=name)
        # Whoever found nothing to settle before this note looks again.
        link.doubt()


def _key(name: str) -> str:
    return f"fresh:{name}"


def own_token() -> str:
    """A token that nobody else has."""
    return uuid.uuid4().hex
