"""Who of the staff may act on whom."""

from __future__ import annotations

from accounts.models import User
from config.api.errors import Forbidden


def may_act_on(staff: User, user: User) -> bool:
    """Staff act on those below them, super administrators on everybody, and all on themselves.

    Below administrators are the groups of the staff, below them customers.
    """
    return staff.is_superuser or staff.pk == user.pk or _rank(staff) > _rank(user)


def _rank(user: User) -> tuple[int, bool]:
    return user.role, user.is_staff


def check_authority(staff: User, user: User) -> None:
    """Raises Forbidden."""
    if not may_act_on(staff, user):
        raise Forbidden("Only a super administrator may change another administrator")
