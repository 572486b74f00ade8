"""How rows are written into a file, a part at a time."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from django.core.serializers.json import DjangoJSONEncoder

Windows = Iterable[Sequence[tuple[object, ...]]]

_FORMULA = re.compile(
    r"[\s\x00-\x20\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]"
)
"""What a spreadsheet may take for one, whatever it leaves out in front."""
_CONTROL = re.compile(r"[\t\r\n]")


def csv_parts(names: Sequence[str], windows: Windows) -> Iterator[bytes]:
    """RFC 4180: UTF-8, a head, every text in quotes."""
    yield _lines([tuple(names)])
    for rows in windows:
        yield _lines(rows)


def json_parts(names: Sequence[str], windows: Windows) -> Iterator[bytes]:
    """One array of objects, a line each."""
    encode = DjangoJSONEncoder(ensure_ascii=False).encode
    yield b"["
    between = "\n"
    for rows in windows:
        lines = []
        for row in rows:
            lines.append(between + encode(dict(zip(names, row, strict=True))))
            between = ",\n"
        yield "".join(lines).encode("utf-8", "replace")
    yield b"\n]\n"


FORMATS: Final = {
    "csv": ("text/csv; charset=utf-8", csv_parts),
    "json": ("application/json", json_parts),
}
"""Media type, and what writes it: from the columns' names and windows of rows."""


def _lines(rows: Sequence[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> object:
    """Texts that a spreadsheet would run stay texts: with an apostrophe in front of them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, cls=DjangoJSONEncoder)
    text = str(value)
    return f"'{text}" if isinstance(value, str) and (_FORMULA.match(text) or _CONTROL.match(text)) else text
