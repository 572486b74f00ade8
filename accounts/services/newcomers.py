"""What other apps give a new user, in the transaction that makes the account.

Accounts knows none of them: an app adds its own when Django starts (commerce a credit wallet).
"""

from collections.abc import Callable

from accounts.models import User

equip: list[Callable[[User], object]] = []


def equip_user(user: User) -> None:
    """Give the new user everything."""
    for give in equip:
        give(user)
