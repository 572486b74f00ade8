"""Who of the staff may act on whom."""

from __future__ import annotations

from accounts.models import User
from config.api.errors import Forbidden


def may_act_on(staff: User, user: User) -> bool:
    """Administrators act on those below them, super administrators on everybody, and all on themselves."""
    return staff.is_superuser or staff.pk == user.pk or staff.role > user.role


def check_authority(staff: User, user: User) -> None:
    """Raises Forbidden."""
    if not may_act_on(staff, user):
        raise Forbidden("Only a super administrator may change another administrator")
