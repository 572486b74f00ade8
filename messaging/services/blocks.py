"""Who wants to hear nothing from whom."""

from __future__ import annotations

from django.db.models import Q

from accounts.models import User
from config.api.errors import Forbidden, NotFound, ValidationFailed
from messaging.models import Block


def block(*, user: User, user_id: int) -> None:
    """Neither writes to the other any more; doing it twice changes nothing."""
    if user_id == user.pk:
        raise ValidationFailed({"userId": ["You can't block yourself."]})
    if not User.objects.filter(pk=user_id).exists():
        raise NotFound("User not found")
    Block.objects.bulk_create([Block(user=user, blocked_id=user_id)], ignore_conflicts=True)


def unblock(*, user: User, user_id: int) -> None:
    """Lift a block; where there is none, nothing changes."""
    Block.objects.filter(user=user, blocked=user_id).delete()


def is_blocked(one: int, other: int) -> bool:
    """Whether either of two users blocks the other."""
    return Block.objects.filter(Q(user=one, blocked=other) | Q(user=other, blocked=one)).exists()


def refuse_blocked(one: int, other: int) -> None:
    if is_blocked(one, other):
        # The same words for both: who blocked whom is nobody's business.
        raise Forbidden("You and this user can't write to each other", code="blocked")
