"""Argon2 in turns: one hash takes 100 MiB and every core for a moment, and anybody may ask for one by signing in.

At most ``PASSWORD_HASHES`` run at once in all processes that share the data folder, each in a thread that gives
way to whatever else the machine has to do.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

from config.api.errors import Unavailable
from config.platform.transactions import ensure_outside_transaction

T = TypeVar("T")

PATIENCE_SECONDS = 20.0
"""For which a hash waits for its turn. Who holds one that long is stopped, not slow."""
_LOOK_SECONDS = 0.02
_NICENESS = 10
"""A hash has eight threads. With this each has a tenth of a usual thread's share, all of them about one share."""


if TYPE_CHECKING:
    from django.contrib.auth.hashers import BasePasswordHasher as _Hasher
else:
    _Hasher = object


class OutsideTransactions(_Hasher):
    """Mixed into a hasher: a hash waits for its turn, and a transaction keeps its locks meanwhile."""

    def encode(self, password: str, salt: str) -> str:
        ensure_outside_transaction("Hashing a password")
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        ensure_outside_transaction("Checking a password")
        return super().verify(password, encoded)


class _InTurns(Argon2PasswordHasher):
    """Django's, one after the other. Raises Unavailable (503) when no turn comes."""

    def encode(self, password: str, salt: str) -> str:
        with _turn():
            return _giving_way(lambda: super(_InTurns, self).encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        with _turn():
            return _giving_way(lambda: super(_InTurns, self).verify(password, encoded))


class PatientArgon2Hasher(OutsideTransactions, _InTurns):
    """What passwords are hashed with."""


@contextmanager
def _turn() -> Iterator[None]:
    """One of the turns: a lock of a file each, which the kernel lets go even if its holder is killed."""
    ends = time.monotonic() + PATIENCE_SECONDS
    files = [_open(number) for number in range(settings.PASSWORD_HASHES)]
    try:
        while not any(_locked(file) for file in files):
            if time.monotonic() > ends:
                raise Unavailable("Too many people sign in at this moment; try again soon", retry_after=5)
            time.sleep(_LOOK_SECONDS)
        yield
    finally:
        for file in files:
            os.close(file)


def _open(number: int) -> int:
    folder: Path = settings.DATA_DIR / "turns"
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / f"hash-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _giving_way(work: Callable[[], T]) -> T:
    """Do it in a thread of its own and of low priority: for Linux that is the thread's, and its threads' after it."""
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        with suppress(OSError):
            me = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + _NICENESS)
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again by who waits for the thread
            failed.append(error)

    thread = threading.Thread(target=run, name="hash")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
