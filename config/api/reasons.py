"""Why a body was refused, by field: the validators' own nested answer, in the words of the documents."""

from __future__ import annotations

import re
from collections.abc import Iterator

_REQUIRED = {"required", "blank", "null"}


def reasons_by_field(detail: object) -> dict[str, list[str]]:
    """Dotted path of the field (``items.0.quantity``) -> reasons, of a validation error's ``detail``."""
    fields: dict[str, list[str]] = {}
    for name, reason in _reasons(detail):
        fields.setdefault(name, []).append(reason)
    return fields


def _reasons(detail: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every reason with the dotted path of its field: ``items.0.quantity``."""
    if isinstance(detail, dict):
        for name, item in detail.items():
            yield from _reasons(item, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list):
        for index, item in enumerate(detail):
            step = f".{index}" if isinstance(item, dict | list) else ""
            yield from _reasons(item, f"{path}{step}".lstrip("."))
    else:
        name = re.sub(r"(^|\.)__all__$", r"\1non_field_errors", path) or "non_field_errors"
        yield name, _reason(detail, name)


def _reason(detail: object, path: str) -> str:
    """The documented wording for the two commonest reasons, the validator's own for the others."""
    code = getattr(detail, "code", "")
    field = path.rpartition(".")[2]
    label = field.replace("_", " ")
    if field == "non_field_errors":
        return str(detail)
    if code in _REQUIRED:
        return f"The {label} field is required."
    if code == "unique":
        return f"The {label} has already been taken."
    return str(detail)
