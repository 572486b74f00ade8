"""Since when somebody is signed in on the staff's site."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

_KEY = "signed_in_at"


@receiver(user_logged_in)
def remember(request: HttpRequest | None, **_: object) -> None:
    if request is not None and hasattr(request, "session"):
        request.session[_KEY] = timezone.now().isoformat()


def signed_in_at(request: HttpRequest) -> datetime | None:
    """When this browser signed in; the user's last login anywhere is never earlier, and stands in where it is older."""
    known = request.session.get(_KEY)
    last = getattr(request.user, "last_login", None)
    times = [moment for moment in (known and datetime.fromisoformat(known), last) if moment]
    return min(times, default=None)
