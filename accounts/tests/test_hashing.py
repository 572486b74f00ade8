"""Hashes of passwords take turns over all processes, and give way to everything else."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password, make_password

from accounts import hashing
from accounts.models import User
from config.api.errors import Unavailable
from tests.fixtures import PASSWORD, UserFactory
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("real_hashing")


@contextmanager
def all_turns_taken(settings: Any) -> Iterator[None]:
    """By somebody else, as far as the kernel can tell."""
    with ExitStack() as stack:
        for number in range(settings.PASSWORD_HASHES):
            path = settings.DATA_DIR / "turns" / f"hash-{number}"
            fcntl.flock(stack.enter_context(path.open("r+")), fcntl.LOCK_EX)
        yield


def test_a_hash_is_djangos_own() -> None:
    hashed = make_password(PASSWORD)
    assert hashed.startswith("argon2$argon2id$")
    assert check_password(PASSWORD, hashed)
    assert not check_password(PASSWORD + "x", hashed)


def test_no_turn_is_told_after_a_while(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = make_password(PASSWORD)
    monkeypatch.setattr(hashing, "PATIENCE_SECONDS", 0.1)
    with all_turns_taken(settings):
        for hash_once in (lambda: make_password(PASSWORD), lambda: check_password(PASSWORD, hashed)):
            with pytest.raises(Unavailable) as refused:
                hash_once()
            assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "5")
    monkeypatch.undo()
    assert check_password(PASSWORD, hashed), "the turns are there again"


def test_a_hash_gives_way() -> None:
    """Its threads have a low priority, and nobody else's."""
    before = {os.getpriority(os.PRIO_PROCESS, 0)}
    done = threading.Event()

    def hash_on() -> None:
        while not done.is_set():
            make_password(PASSWORD)

    thread = threading.Thread(target=hash_on)
    thread.start()
    try:
        until(lambda: niceness() == before | {min(19, max(before) + hashing._NICENESS)}, "thread of low priority")
    finally:
        done.set()
        thread.join()
    until(lambda: niceness() == before, "end of that thread")


def niceness() -> set[int]:
    """Of the threads of this process."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            found.add(int((task / "stat").read_text().rpartition(")")[2].split()[16]))
    return found


@pytest.mark.django_db
def test_two_who_sign_in_while_a_hash_is_made_anew_are_both_let_in(make_user: UserFactory, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [*settings.PASSWORD_HASHERS, "django.contrib.auth.hashers.MD5PasswordHasher"]
    user = make_user()
    User.objects.filter(pk=user.pk).update(password=make_password(PASSWORD, hasher="md5"))
    one, other = User.objects.get(pk=user.pk), User.objects.get(pk=user.pk)
    assert one.check_password(PASSWORD)
    assert other.check_password(PASSWORD)
    user.refresh_from_db()
    assert user.password.startswith("argon2")
    assert one.password == other.password == user.password
    # A password that was changed meanwhile is none that was made anew.
    late = User.objects.get(pk=user.pk)
    late.password = make_password(PASSWORD, hasher="md5")
    User.objects.filter(pk=user.pk).update(password=make_password("another password"))
    proven = late.password
    late.check_password(PASSWORD)
    assert late.password == proven
