"""Reading JSON that strangers wrote: bounded in depth and in the number of its values.

Whoever walks through such a document later, by recursion or value by value, needs no bound of its own.
"""

from __future__ import annotations

import codecs

import orjson
from django.conf import settings

MAX_DEPTH = 32
MAX_VALUES = 20_000
"""Members of all objects and arrays together."""

TOO_DEEP = f"May not be nested deeper than {MAX_DEPTH} levels."
TOO_MANY = f"May not have more than {MAX_VALUES:,} values."


class BadJson(ValueError):
    """The text says nothing that we read; the message is the reason, for people."""


class MalformedJson(BadJson):
    """The text is no JSON at all."""


def loads(text: str | bytes) -> object:
    """The value. Raises BadJson."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedJson("Must be valid JSON.") from error
    _bound(value)
    return value


def decode(content: bytes) -> str:
    """The text of a file in UTF-8, with or without its mark, or in UTF-16 with it. Raises BadJson."""
    if len(content) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise BadJson(f"May not be larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes.")
    try:
        marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedJson("Must be valid JSON in UTF-8.") from error


def _bound(value: object) -> None:
    level, values = [value], 0
    for _ in range(MAX_DEPTH + 1):
        wholes = [item for item in level if isinstance(item, dict | list)]
        if not wholes:
            return
        values += sum(map(len, wholes))
        if values > MAX_VALUES:
            raise BadJson(TOO_MANY)
        level = [member for item in wholes for member in (item.values() if isinstance(item, dict) else item)]
    raise BadJson(TOO_DEEP)
