"""Temporary files of a process, in a folder of its own that is swept once the process is gone, however it went.

The folder is locked for as long as the process lives; the kernel lets go of the lock when it ends. So a sweeper never
guesses by age what an upload that takes hours still needs.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings

_PREFIX, _NEW_PREFIX = "process-", "new-process-"
_OLD_SECONDS = 24 * 3600
"""Where folders can't be locked (some network file systems), age alone tells."""
_NEW_SECONDS = 600

_mine: dict[Path, Path] = {}


def upload_folder() -> Path:
    """Where this process receives bodies: below ``FILE_UPLOAD_TEMP_DIR``, else in the work folder."""
    return _folder(_upload_root())


def work_folder() -> Path:
    """Where this process keeps what must be on the work folder's disk."""
    return _folder(_work_root())


def dead_folders() -> Iterator[Path]:
    """The folders of processes that are gone; each is removed when the next one is asked for."""
    for root in {_work_root(), _upload_root()}:
        for path in list(root.iterdir()) if root.is_dir() else ():
            if path.name.startswith(_NEW_PREFIX) and _age(path) > _NEW_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
            elif path.name.startswith(_PREFIX) and path not in _mine.values():
                with suppress(FileNotFoundError):
                    yield from _if_dead(path)


def _upload_root() -> Path:
    return Path(settings.FILE_UPLOAD_TEMP_DIR) if settings.FILE_UPLOAD_TEMP_DIR else _work_root()


def _work_root() -> Path:
    return Path(settings.WORK_DIR) / "scratch"


def _folder(root: Path) -> Path:
    path = _mine.get(root)
    if path is None or not path.is_dir():
        root.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=_NEW_PREFIX, dir=root))
        # Held open, and with it the lock, until the process ends.
        _lock(os.open(new, os.O_RDONLY))
        # Locked before it has the name that sweepers look at.
        path = _mine[root] = new.rename(root / new.name.removeprefix("new-"))
    return path


def _lock(descriptor: int) -> bool:
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _if_dead(path: Path) -> Iterator[Path]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if _lock(descriptor) or _age(path) > _OLD_SECONDS:
            yield path
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime
