"""Why a render failed or was put back: whose fault it is, and the words in which staff read of it."""

from __future__ import annotations

import errno
import re
import sys
import traceback
from collections.abc import Iterator
from typing import Final

import psycopg
from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from config.platform.logs import scrubbed
from studio.rendering.errors import MediaBusy

DATABASE_AWAY: Final = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
"""What any query raises while the database restarts or can't be reached."""

_OF_STORAGE = (
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("boto3.exceptions", "Boto3Error"),
    ("urllib3.exceptions", "HTTPError"),
)
# A helper that looks at media died or was not to be had: that is no verdict on the file.
_PARTS = (*DATABASE_AWAY, RedisError, MediaBusy)
# A renderer that words such an error for the user, as a model or checkpoint that can't be read, has still met a disk,
# mount, network or machine that fails.
_MACHINE = {
    getattr(errno, name)
    for name in (
        "EAGAIN", "ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EDQUOT", "EFBIG", "EHOSTDOWN", "EHOSTUNREACH", "EIO",
        "EMFILE", "ENETDOWN", "ENETUNREACH", "ENFILE", "ENODEV", "ENOLCK", "ENOMEM", "ENOSPC", "ENOTCONN", "ENXIO",
        "EREMOTEIO", "EROFS", "ESHUTDOWN", "ESTALE", "ETIMEDOUT",
    )
}  # fmt: skip

_LONGEST = 8000
# As config.platform.logs.LineFormatter begins one.
_LINE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ \S+ request=")


def storage_away() -> tuple[type[Exception], ...]:
    """What an S3 storage raises, but for an object that is not there: that is a FileNotFoundError.

    Whoever raises it has loaded what defines it; to load that here would cost every process 25 MB.
    """
    found = (getattr(sys.modules.get(module), name, None) for module, name in _OF_STORAGE)
    return tuple(kind for kind in found if kind)


def is_ours(error: BaseException) -> bool:
    """Whether a part of ours failed (database, Redis, storage, network, disk), not the render."""
    if isinstance(error, OSError):
        return True
    parts = (*_PARTS, *storage_away())
    return any(
        isinstance(link, parts) or (isinstance(link, OSError) and link.errno in _MACHINE) for link in _chain(error)
    )


def cause_of(error: BaseException) -> str:
    """The exception, what was behind it, and the end of the traceback."""
    links = [f"{type(link).__name__}: {link}" for link in _chain(error)]
    trace = "".join(traceback.format_exception(error))
    return _kept("\nbecause of ".join(links) + f"\n\n{trace[-_LONGEST:]}")


def line_of(cause: str) -> str:
    """The line of the log at the end of a cause, by which staff find what was logged around it; empty without one."""
    last = cause.rstrip().rsplit("\n", 1)[-1]
    return last if _LINE.match(last) else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and those it was raised from, the newest first."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _kept(text: str) -> str:
    """As a text column takes it, without addresses and tokens."""
    return scrubbed(text).replace("\0", "").encode(errors="replace").decode()
