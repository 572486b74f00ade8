"""Folders and sockets of the embedded servers."""

import fcntl
import hashlib
import os
import pwd
import tempfile
from pathlib import Path

from config.stack.programs import UNPRIVILEGED_USER, is_root

SOCKET_PATH_BYTES = 103
"""Of the 104 bytes (macOS; 108 on Linux) of sockaddr_un.sun_path one ends the string."""


class FolderInUse(RuntimeError):
    """Another process holds the data folder, or it is none."""


class FolderLock:
    """Holds a data folder for one process; the kernel lets go of it when that process ends, however it ends."""

    def __init__(self, folder: Path):
        """Raises FolderInUse when another process holds ``folder``, or nobody can write there."""
        path = folder / "serve.lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+")
        except OSError as error:
            raise FolderInUse(f"Can't write to {path} ({error.strerror}). Choose another STUDIO_DATA_DIR.") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise FolderInUse(
                f"{folder} is in use by another `serve` (process {holder}). Stop it, or choose another STUDIO_DATA_DIR."
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        self._file.close()


def private_folder(path: Path, *, drop_root: bool = False) -> Path:
    """Make ``path`` with mode 0700, owned by the user that the server will run as."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if drop_root and is_root():
        user = pwd.getpwnam(UNPRIVILEGED_USER)
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def socket_folder(folder: Path, socket_name: str, *, drop_root: bool = False) -> Path:
    """``folder``, or a short private stand-in when a socket's path in it would not do.

    It must not be longer than the kernel takes, nor contain a space, which redis-py can't read in a client list.
    Raises RuntimeError when the stand-in belongs to somebody else.
    """
    path = os.fsencode(folder / socket_name)
    if len(path) <= SOCKET_PATH_BYTES and not path.split()[1:]:
        return private_folder(folder, drop_root=drop_root)
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"studio-{digest}"
    try:
        private_folder(short, drop_root=drop_root)
    except PermissionError as error:
        raise RuntimeError(f"{short} belongs to another user; choose a shorter STUDIO_DATA_DIR.") from error
    return short
