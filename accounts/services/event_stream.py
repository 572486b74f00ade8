"""A user's events as they happen, for as long as the login lives."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import redis
from django.db.models.expressions import RawSQL
from django.utils import timezone

from accounts.models import LoginSession
from config.platform import events
from config.platform.commits import asynchronous
from config.platform.event_text import place_at, retry
from config.platform.streams import Followed, Told

SEEN_GRAIN = timedelta(minutes=1)


def told_of_user(*, user_id: int, after: str | None) -> Told:
    """When to come back, and what happened to the user since ``after``."""
    try:
        page = events.read(user_id, after)
    except redis.RedisError:
        # Without Redis nothing is known to have happened, and the client keeps its place.
        return Told(events.user_log(user_id), after, None, retry())
    # With what it has missed or before what it is sent, the client's place is the start of this page.
    place = b"" if page.events else place_at(page.last)
    return Told(events.user_log(user_id), after, page, retry() + place)


def no_longer_signed_in(streams: Collection[Followed]) -> set[Followed]:
    """Those whose login has ended."""
    alive = {str(pk) for pk in _still_alive({UUID(stream.session_id) for stream in streams})}
    return {stream for stream in streams if stream.session_id not in alive}


def _still_alive(session_ids: set[UUID]) -> set[UUID]:
    """Those that may go on; their users are seen to be there."""
    # One value: thousands of them would take longer to read than to look up.
    asked = RawSQL("SELECT unnest(%s::uuid[])", [list(session_ids)])
    alive = LoginSession.objects.alive().filter(pk__in=asked, user__is_active=True)
    with asynchronous():
        alive.filter(last_seen_at__lt=timezone.now() - SEEN_GRAIN).update(last_seen_at=timezone.now())
    return set(alive.values_list("pk", flat=True))
