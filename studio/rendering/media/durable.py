"""Writing files so that a crash or a power cut leaves either the old content or the new."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer


def write_at(path: Path, offset: int, data: Buffer) -> None:
    """Write ``data`` (any buffer) at ``offset``, on disk on return; whatever was behind ``offset`` is dropped first."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644), "wb", buffering=0) as file:
        file.truncate(offset)
        file.seek(offset)
        rest = memoryview(data).cast("B")
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())


def truncate(path: Path, size: int) -> None:
    """Cut a file down to ``size`` bytes."""
    with path.open("r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())


def write(path: Path, data: bytes) -> None:
    """Replace the whole file."""
    part = path.with_name(path.name + ".part")
    try:
        write_at(part, 0, data)
        publish(part, path)
    except OSError:
        # A full disk keeps nothing half written.
        part.unlink(missing_ok=True)
        raise


def publish(part: Path, path: Path) -> Path:
    """Rename a complete file into place: under ``path`` it is never seen half written."""
    _sync(part)
    part.replace(path)
    _sync(path.parent)
    return path


def size(path: Path) -> int:
    """Bytes in a file; 0 if there is none."""
    return path.stat().st_size if path.exists() else 0


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
