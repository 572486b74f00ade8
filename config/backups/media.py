"""The media in a folder, from whatever storage they are in, and back. A file never changes under its key."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage


def save(folder: Path) -> tuple[int, int]:
    """Copy what the folder lacks; how many files and bytes it holds then, of those that are in the storage."""
    files = size = 0
    folder.mkdir(exist_ok=True)
    for key in _keys():
        target = folder / key
        try:
            length = default_storage.size(key)
            if not target.is_file() or target.stat().st_size != length:
                _fetch(key, target)
        except FileNotFoundError:
            # Deleted since it was listed.
            continue
        files, size = files + 1, size + length
    return files, size


def load(folder: Path) -> None:
    """Store what the storage lacks. What it has besides stays; its rows are gone, so nobody finds it."""
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if not path.is_file() or path.name.endswith(".part"):
            continue
        if default_storage.exists(key):
            if default_storage.size(key) == path.stat().st_size:
                continue
            default_storage.delete(key)
        with path.open("rb") as content:
            stored = default_storage.save(key, File(content, name=key))
        if stored != key:
            raise RuntimeError(f"The storage took {key} as {stored}.")


def _keys(folder: str = "") -> Iterator[str]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    prefix = f"{folder}/" if folder else ""
    yield from (f"{prefix}{name}" for name in files if name)
    for name in folders:
        yield from _keys(f"{prefix}{name}")


def _fetch(key: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.part")
    with default_storage.open(key) as source, unfinished.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    unfinished.rename(target)
