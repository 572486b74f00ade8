"""Who is there right now."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import LoginSession

ONLINE_FOR = timedelta(minutes=3)
"""After a request. A session's last request is known to the minute, and an open client polls more often than this."""


def is_online(user_id: int) -> bool:
    return LoginSession.objects.alive().filter(user=user_id, last_seen_at__gt=timezone.now() - ONLINE_FOR).exists()


def online(user: str) -> Exists:
    """The same of the user that a row names in the column ``user``."""
    seen = LoginSession.objects.alive().filter(user=OuterRef(user), last_seen_at__gt=timezone.now() - ONLINE_FOR)
    return Exists(seen)
