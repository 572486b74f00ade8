"""Who of the staff asks."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User


def who(request: HttpRequest) -> User:
    """The panel lets nobody in who has not logged in."""
    assert isinstance(request.user, User)
    return request.user
