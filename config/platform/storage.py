"""Where files are stored. A storage may be slow or far away, and a transaction that waits for it keeps others waiting.

With ``STORAGE_GUARD`` on, as in tests, whoever reads, writes or removes a file while a transaction is open gets an
error. To ask whether a file is there, and how large it is, is let pass: a render that is asked for is drawn up in the
transaction that answers a repeated request.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import connection


class InTransaction(RuntimeError):
    """A file was asked for while a transaction is open."""


def ensure_outside_transaction(what: str) -> None:
    """Raises InTransaction. The transactions that tests roll back don't count."""
    if settings.STORAGE_GUARD and any(
        not block._from_testcase  # type: ignore[attr-defined]
        for block in connection.atomic_blocks
    ):
        raise InTransaction(f"{what} while a transaction is open")


class Guarded:
    """Mixed into a storage."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        ensure_outside_transaction(f"Opening {name}")
        return super()._open(name, mode)  # type: ignore[misc]

    def _save(self, name: str, content: Any) -> str:
        ensure_outside_transaction(f"Saving {name}")
        saved: str = super()._save(name, content)  # type: ignore[misc]
        return saved

    def delete(self, name: str) -> None:
        ensure_outside_transaction(f"Deleting {name}")
        super().delete(name)  # type: ignore[misc]


class LocalStorage(Guarded, FileSystemStorage):
    """A folder of this machine, or one that several have mounted."""
