"""What every log line carries: time, level, and what the work was for (request, user, tenant, job).

Settings name ``ContextFilter`` and a formatter. Whoever learns what a piece of work is for says so once::

    with log_context(request_id=job.request_id, job=job.pk):
        ...

and everything logged meanwhile, by whatever library, has it. Addresses, tokens and signatures never reach a line.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType

import orjson

FIELDS = ("request_id", "user", "tenant", "job", "task")
NOTHING = "-"
HIDDEN = "***"

_context: ContextVar[Mapping[str, str]] = ContextVar("log_context", default=MappingProxyType({}))

_SECRETS = re.compile(
    # JSON web tokens; what Django has signed, with or without a time.
    r"eyJ[\w-]+\.[\w-]+\.[\w-]+|[\w-]+:(?:[\w-]{6}:)?[\w-]{43}(?![\w-])"
    # Parameters of links and of storage.
    r"|(?<=[?&])(?:[\w-]*(?:token|signature|credential|password|secret|code|state|key)[\w-]*)=[^&\s'\"]+"
    # Passwords inside addresses of servers; mail addresses.
    r"|(?<=:)[^\s:/@]+(?=@)|[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    re.IGNORECASE,
)


def current_request_id() -> str | None:
    """The id of the request that this work belongs to; None outside any."""
    return _context.get().get("request_id")


@contextmanager
def log_context(**fields: object) -> Iterator[None]:
    """Put ``fields`` (of ``FIELDS``) on every line logged inside; None leaves one out."""
    token = _context.set({**_context.get(), **_known(fields)})
    try:
        yield
    finally:
        _context.reset(token)


def note(**fields: object) -> None:
    """Add to the context that is open, as soon as it is known who asks; it ends with that context."""
    _context.set({**_context.get(), **_known(fields)})


def logged(logger: logging.Logger, level: int, message: str, *args: object, error: BaseException | None = None) -> str:
    """Log it; answers the line, without a traceback, as ``LineFormatter`` writes it: by it staff find the log."""
    trace = (type(error), error, error.__traceback__) if error else None
    record = logger.makeRecord(logger.name, level, "", 0, message, args, trace)
    ContextFilter().filter(record)
    if logger.isEnabledFor(level):
        logger.handle(record)
    return scrubbed(_line(record))


def scrubbed(text: str) -> str:
    """``text`` without mail addresses, tokens and signatures."""
    return _SECRETS.sub(HIDDEN, text)


class ContextFilter(logging.Filter):
    """Puts the context on each record, as ``record.context``."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = _context.get()
        record.context = context
        record.request_id = context.get("request_id", NOTHING)
        return True


class LineFormatter(logging.Formatter):
    """``2026-01-15T10:30:00.000Z INFO studio.worker request=5f0c user=3 tenant=2: Job 7 is done``"""

    def format(self, record: logging.LogRecord) -> str:
        return scrubbed("\n".join([_line(record), *_details(self, record)]))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for collectors; ``extra={"fields": {...}}`` of a record become members of it."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
            **getattr(record, "context", {}),
            **getattr(record, "fields", {}),
        }
        if details := _details(self, record):
            told["traceback"] = scrubbed("\n".join(details))
        return orjson.dumps(told, default=str).decode()


def _line(record: logging.LogRecord) -> str:
    context = getattr(record, "context", {})
    asked = [f"request={context.get('request_id', NOTHING)}"]
    known = [f"{name}={context[name]}" for name in FIELDS[1:] if name in context]
    return f"{_time(record)} {record.levelname} {record.name} {' '.join([*asked, *known])}: {record.getMessage()}"


def _known(fields: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items() if value is not None}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _details(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    details = [formatter.formatException(record.exc_info)] if record.exc_info else []
    return [*details, formatter.formatStack(record.stack_info)] if record.stack_info else details
