"""Where files are stored. A storage may be slow or far away: nobody asks it anything while a transaction is open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.files.storage import FileSystemStorage, Storage

from config.platform.transactions import ensure_outside_transaction


class Guarded(Storage):
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
        super().delete(name)

    def exists(self, name: str) -> bool:
        ensure_outside_transaction(f"Looking for {name}")
        return super().exists(name)

    def size(self, name: str) -> int:
        ensure_outside_transaction(f"Measuring {name}")
        return super().size(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        ensure_outside_transaction(f"Listing {path}")
        return super().listdir(path)

    def get_modified_time(self, name: str) -> datetime:
        ensure_outside_transaction(f"Looking for the age of {name}")
        return super().get_modified_time(name)


class LocalStorage(Guarded, FileSystemStorage):
    """A folder of this machine, or one that several have mounted."""
