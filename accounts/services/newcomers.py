"""What other apps give a new user, in the transaction that makes the account.

Accounts knows none of them: an app adds its own when Django starts (commerce a credit wallet).
"""

from collections.abc import Callable

from accounts.models import User

equip: list[Callable[[User], object]] = []
"""Called with a new user."""
verified: list[Callable[[User], object]] = []
"""Called with a user whose address was proven, perhaps more than once."""


def equip_user(user: User) -> None:
    """Give the new user everything."""
    for give in equip:
        give(user)


def equip_verified(user: User) -> None:
    """Give the user what waits for a proven address."""
    for give in verified:
        give(user)
