"""Who is signed in proves it once more, before what would lock the owner out: a stolen token or an open screen can't.

Within ``REAUTHENTICATE_AFTER_SECONDS`` of signing in that was proof enough; later it takes the password.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from accounts.services.lockout import claim_attempt, forgive
from config.api.errors import Forbidden, ValidationFailed


def prove_identity(
    *, user: User, signed_in_at: datetime | None, password: str | None, field: str = "current_password"
) -> None:
    """Raises Forbidden ``reauthentication_required``, ValidationFailed for a wrong password, or TooManyRequests."""
    if password:
        prove_password(user=user, password=password, field=field)
    elif not is_recent(signed_in_at):
        raise Forbidden(
            f"It is a while since you signed in: send {field}, or sign in again", "reauthentication_required"
        )


def prove_password(*, user: User, password: str, field: str = "password") -> None:
    """Whoever is logged in knows the password too. Raises ValidationFailed, or TooManyRequests while locked."""
    guard = f"password of {user.pk}"
    claim_attempt(account=guard, address=None)
    if not user.check_password(password):
        raise ValidationFailed({field: ["The current password is wrong."]})
    forgive(account=guard, address=None)


def is_recent(signed_in_at: datetime | None) -> bool:
    """Whether signing in is proof enough. None: nobody knows when that was."""
    age = timedelta(seconds=settings.REAUTHENTICATE_AFTER_SECONDS)
    return signed_in_at is not None and timezone.now() - signed_in_at <= age
