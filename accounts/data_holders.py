"""What the apps hold of a user: how each shows it in an export, and how each forgets it.

An app that has rows of users plugs its holder into the hook ``user_data``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from accounts.models import User

Section = tuple[str, Iterable[dict[str, object]]]
"""A name in the export, and its rows."""

_LEFT_OUT = {
    # Secrets.
    "password", "refresh_jti", "token", "token_secret", "data", "lease_id",
    # How the studio works inside: paths, machines, words to search by.
    "plan", "worker", "storage_key", "upload_key", "multipart_id", "search", "keywords",
}  # fmt: skip
_CHUNK = 500


@dataclass(frozen=True)
class StoredFile:
    """A file of the user's: its name in the export, and the blob in the storage."""

    name: str
    storage_key: str


def _no_files(user: User) -> Iterator[StoredFile]:
    yield from ()


def _nothing(user: User) -> None:
    pass


@dataclass(frozen=True)
class Holder:
    """The verbs are called over all tenants.

    rows: what the export shows; None: every row that names the user.
    erase: forget the user, in the transaction that makes the account nobody's; called twice it changes nothing more.
    sweep: remove what the storage still holds, after that transaction; called again when it did not come to its end.
    """

    rows: Callable[[User], Iterator[Section]] | None = None
    files: Callable[[User], Iterator[StoredFile]] = _no_files
    erase: Callable[[User], None] = _nothing
    sweep: Callable[[User], None] = _nothing


def rows_naming(user: User, app_label: str, *, leave_out: Collection[str] = ()) -> Iterator[Section]:
    """Every row of the app's tables that names the user, by table and column.

    leave_out: columns (``Model.column``) that name the user in rows of others'.
    """
    for model in apps.get_app_config(app_label).get_models():
        for field in model._meta.concrete_fields:
            name = f"{model.__name__}.{field.name}"
            if field.is_relation and field.related_model is User and name not in leave_out:
                rows = model._base_manager.filter(**{field.name: user}).order_by("pk")
                yield f"{app_label}.{name}", plain_rows(rows)


def plain_rows(rows: models.QuerySet[Any, Any]) -> Iterator[dict[str, object]]:
    """The rows as JSON takes them, without secrets; never all of them in memory."""
    return (plain(row) for row in rows.iterator(chunk_size=_CHUNK))


def plain(row: models.Model) -> dict[str, object]:
    """One row as JSON takes it, without secrets."""
    values = {field.attname: field.value_from_object(row) for field in row._meta.concrete_fields}
    simple = (str, int, float, bool, list, dict, type(None))
    return {
        name: value if isinstance(value, simple) or hasattr(value, "isoformat") else str(value)
        for name, value in values.items()
        if name not in _LEFT_OUT
    }
