"""Where apps that know users plug in; accounts knows none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.data_holders import Holder
from accounts.models import User
from config.platform.hooks import hook, hook_of


@hook
def user_created(user: User) -> object:
    """Called with a new user, in the transaction that makes the account."""


@hook
def user_verified(user: User) -> object:
    """Called with a user whose address was proven, perhaps more than once, in that transaction."""


@hook
def user_blocked(user: User) -> object:
    """Called over all tenants, in no transaction, with a user who is kept out now, perhaps more than once: end what is
    under way.
    """


@hook
def user_figures(user_ids: Sequence[int]) -> Mapping[str, Mapping[int, int]]:
    """What users have, for the staff's list: ``{name: {user id: number}}``; who has none is left out.

    Called over all tenants.
    """
    raise NotImplementedError


@hook
def address_complaint(address: str) -> str | None:
    """Why nobody may register with this address, for people; None where nothing speaks against it."""


user_data = hook_of("user_data", Holder, "What an app holds of users, by the label of the app.")


@dataclass(frozen=True)
class Belongings:
    """Rows of a model that are a user's, for the staff's page of the user."""

    user: str
    """The model's column with the user, an index's first."""
    columns: tuple[str, ...]
    """What is shown of the newest rows: columns of the model's own table."""


user_belongings = hook_of("user_belongings", Belongings, "What a user has, by ``app.model``, in the order of the page.")
