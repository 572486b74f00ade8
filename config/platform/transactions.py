"""Nobody waits for a network, a program or a long piece of file work while a transaction is open.

A transaction keeps its locks until it ends, and everybody who wants one of them waits for whatever it waits for. With
``TRANSACTION_GUARD`` on, as in tests, whoever does such a thing within one gets an error, whichever library does it:
Python itself tells of what leaves the process (its audit events), storages and the link to Redis ask by themselves.
"""

from __future__ import annotations

import sys

from django.conf import settings
from django.db import connection

_LONG = {
    "http.client.send": "Asking a server",
    "shutil.copyfile": "Copying a file",
    "shutil.copytree": "Copying a folder",
    "shutil.make_archive": "Packing a folder",
    "shutil.rmtree": "Removing a folder",
    "shutil.unpack_archive": "Unpacking an archive",
    "smtplib.send": "Sending a mail",
    "socket.connect": "Connecting",
    "socket.getaddrinfo": "Looking an address up",
    "socket.sendto": "Sending a packet",
    "subprocess.Popen": "Starting a program",
    "os.exec": "Starting a program",
    "os.fork": "Starting a process",
    "os.posix_spawn": "Starting a program",
    "os.system": "Starting a program",
    "studio.media.ask": "Having a file looked at",
}
"""Audit events (https://docs.python.org/3.11/library/audit_events.html, and one of our renderer's), in words."""

_installed = False


class InTransaction(RuntimeError):
    """Something that may take long was begun while a transaction is open."""


def ensure_outside_transaction(what: str) -> None:
    """Raises InTransaction. The transactions that tests roll back don't count."""
    if settings.TRANSACTION_GUARD and any(
        not block._from_testcase  # type: ignore[attr-defined]
        for block in connection.atomic_blocks
    ):
        raise InTransaction(f"{what} while a transaction is open")


def guard_transactions() -> None:
    """From now on, for as long as the process lives, if the settings ask for it."""
    global _installed
    if settings.TRANSACTION_GUARD and not _installed:
        _installed = True
        sys.addaudithook(_look)


def _look(event: str, arguments: tuple[object, ...]) -> None:
    what = _LONG.get(event)
    if what is not None:
        ensure_outside_transaction(what)
