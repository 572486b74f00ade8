"""Configurable properties: what a user may set of an effect, and how it becomes generation parameters.

A property is ``{"key", "name", "description", "type", "required", "default", "range"}``. ``type`` is ``text``,
``number``, ``image`` or ``video`` (the last two take the id of an uploaded file). ``range`` is ``[lowest, highest]`` of
a number and the list of allowed values of a text.

A template is a dictionary of generation parameters in the words of ``POST /api/generate``, in which ``"{{key}}"``
stands for a property's value (as it is when it is the whole text, else as a part of it), and
``{"property": "key", "to": [low, high]}`` for a number moved from its range to another. A parameter whose whole value
is a property that was not given is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from django.core.exceptions import ValidationError

from effects.hooks import render_models, vocabulary

TYPES = ("text", "number", "image", "video")
MAX_TEXT = 1000
MAX_PROPERTIES = 50
STANDARD: list[dict[str, object]] = [
    {
        "key": "prompt",
        "name": "Prompt",
        "description": "What the video shows, in a few words.",
        "type": "text",
        "required": False,
    },
    {
        "key": "intensity",
        "name": "Intensity",
        "description": "How far the result may leave the source.",
        "type": "number",
        "required": False,
        "default": 0.5,
        "range": [0, 1],
    },
]
"""What users may set of an effect for which staff have written neither properties nor a template."""

_FIELDS = frozenset({"key", "name", "description", "type", "required", "default", "range"})
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z][A-Za-z0-9_]{0,63})\s*\}\}")
_MAX_FILE_ID = 2**63 - 1


@dataclass(frozen=True)
class Property:
    """One configurable property, checked."""

    key: str
    name: str
    description: str
    type: str
    required: bool
    default: object
    range: list[Any] | None

    def clean(self, value: object) -> object:
        """The value as the template gets it. Raises ValueError with a reason for people."""
        if self.type == "number":
            return self._number(value)
        if self.type == "text":
            return self._text(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_FILE_ID:
            raise ValueError(f"Must be the id of an uploaded {self.type}.")
        return value

    def _number(self, value: object) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError("Must be a number.")
        if self.range and not self.range[0] <= value <= self.range[1]:
            raise ValueError(f"Must be from {self.range[0]:g} to {self.range[1]:g}.")
        return value

    def _text(self, value: object) -> str:
        if not isinstance(value, str) or vocabulary().control_characters.search(value):
            raise ValueError("Must be a text without control characters.")
        text = value.strip()
        if not text:
            raise ValueError("Must not be empty.")
        if len(text) > MAX_TEXT:
            raise ValueError(f"May not be longer than {MAX_TEXT} characters.")
        if self.range and text not in self.range:
            raise ValueError(f"Must be one of {', '.join(self.range)}.")
        return text


def read_properties(data: object) -> list[Property]:
    """The properties of an effect. Raises ValueError with a reason for staff."""
    if not isinstance(data, list) or len(data) > MAX_PROPERTIES:
        raise ValueError(f"Must be a list of at most {MAX_PROPERTIES} properties.")
    properties = [_read_property(item) for item in data]
    if len({item.key for item in properties}) < len(properties):
        raise ValueError("Two properties have the same key.")
    return properties


def fill_template(
    template: Mapping[str, object], properties: list[Property], values: Mapping[str, object]
) -> dict[str, object]:
    """The generation parameters for these cleaned values."""
    filling = _Filling({item.key: item for item in properties}, values)
    filled = {name: (filling.fill(part), _is_open(part)) for name, part in template.items()}
    # What was not given is left out; a null that is written there is as wrong as in a request.
    return {name: value for name, (value, is_open) in filled.items() if value is not None or not is_open}


def check_properties(data: object) -> None:
    """A model validator."""
    try:
        read_properties(data)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def check_template(data: object) -> None:
    """A model validator: the parameters are known ones, and what is written out lies within their bounds.

    Which placeholders it may use, only the effect knows; what they become is checked with every use.
    """
    if not isinstance(data, dict):
        raise ValidationError("Must be an object of generation parameters.")
    known = vocabulary().names()
    unknown = sorted(set(data) - known)
    if unknown:
        raise ValidationError(f"Unknown parameters: {', '.join(unknown)}. Known are {', '.join(sorted(known))}.")
    problems: dict[str, list[str]] = {}
    for part in _written(data):
        problems = vocabulary().check(part)[1] | vocabulary().wrong_settings(part) | problems
    _refuse(problems)


def check_model(model_id: int) -> None:
    """A model validator: there is such a model."""
    if not any(model_id in models for models in render_models().values()):
        raise ValidationError("There is no such model.")


def check_workflow(template: Mapping[str, object], workflow: str) -> None:
    """A model validator of the whole effect: its parameters are of what its type renders."""
    _refuse(vocabulary().misplaced(template, workflow))


def check_placeholders(template: Mapping[str, object], properties: list[Property]) -> None:
    """Every placeholder names a property that can stand there. Raises ValueError with a reason for staff."""
    known = {item.key: item for item in properties}
    for part in template.values():
        for key, target in placeholders(part):
            if key not in known:
                raise ValueError(f"{{{{{key}}}}} names no configurable property.")
            if target is not None:
                item = known[key]
                if item.type != "number" or not item.range:
                    raise ValueError(f"{key} must be a number with a range to be mapped.")
                if not _is_span(target):
                    raise ValueError(f"{key} must be mapped to [low, high].")


class _Filling:
    def __init__(self, properties: Mapping[str, Property], values: Mapping[str, Any]) -> None:
        self._properties = properties
        self._values = values

    def fill(self, part: object) -> object:
        if isinstance(part, str):
            return self._text(part)
        if isinstance(part, list):
            return [self.fill(item) for item in part]
        if isinstance(part, dict):
            return self._mapped(part) if set(part) == {"property", "to"} else {k: self.fill(v) for k, v in part.items()}
        return part

    def _text(self, text: str) -> object:
        whole = _PLACEHOLDER.fullmatch(text.strip())
        if whole:
            return self._values.get(whole[1])
        return _PLACEHOLDER.sub(lambda match: _in_text(self._values.get(match[1])), text).strip()

    def _mapped(self, part: dict[str, Any]) -> float | None:
        value = self._values.get(part["property"])
        if value is None:
            return None
        low, high = self._properties[part["property"]].range or (0, 1)
        start, end = part["to"]
        return round(start + (end - start) * (value - low) / (high - low), 6)


def _read_property(data: object) -> Property:
    if not isinstance(data, dict) or set(data) - _FIELDS:
        raise ValueError(f"A property is an object of {', '.join(sorted(_FIELDS))}.")
    key = data.get("key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ValueError("A property's key is a letter, then letters, digits and underscores.")
    kind, required, span = data.get("type"), data.get("required", False), data.get("range")
    if kind not in TYPES:
        raise ValueError(f"{key}: the type is one of {', '.join(TYPES)}.")
    if not isinstance(required, bool):
        raise ValueError(f"{key}: required is true or false.")
    _check_range(key, kind, span)
    texts = [data.get("name", key), data.get("description", "")]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{key}: name and description are texts.")
    item = Property(key, texts[0], texts[1], kind, required, data.get("default"), span)
    if item.default is not None:
        try:
            item.clean(item.default)
        except ValueError as error:
            raise ValueError(f"{key}: the default is not allowed. {error}") from error
    return item


def _check_range(key: str, kind: str, span: object) -> None:
    if span is None:
        return
    if kind == "number" and not _is_span(span):
        raise ValueError(f"{key}: the range of a number is [lowest, highest].")
    if kind == "text" and not (isinstance(span, list) and span and all(isinstance(word, str) for word in span)):
        raise ValueError(f"{key}: the range of a text is the list of its values.")
    if kind in ("image", "video"):
        raise ValueError(f"{key}: a file has no range.")


def _is_span(span: object) -> TypeGuard[list[float]]:
    numbers = isinstance(span, list) and len(span) == 2 and all(type(n) in (int, float) for n in span)
    return isinstance(span, list) and numbers and span[0] != span[1] and all(map(math.isfinite, span))


def placeholders(part: object) -> Iterator[tuple[str, object]]:
    """Every property that a template names, with what it is mapped to, if it is."""
    if isinstance(part, str):
        yield from ((key, None) for key in _PLACEHOLDER.findall(part))
    elif isinstance(part, list):
        for item in part:
            yield from placeholders(item)
    elif isinstance(part, dict):
        if set(part) == {"property", "to"}:
            yield str(part["property"]), part["to"]
        else:
            for item in part.values():
                yield from placeholders(item)


def _refuse(problems: Mapping[str, list[str]]) -> None:
    if problems:
        raise ValidationError([f"{name}: {' '.join(reasons)}" for name, reasons in problems.items()])


def _written(template: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Parameters as they are written out, and at both ends of what a property moves them through."""
    yield {name: part for name, part in template.items() if not _is_open(part)}
    for name, part in template.items():
        if isinstance(part, dict) and set(part) == {"property", "to"} and _is_span(part["to"]):
            yield from ({name: end} for end in part["to"])


def _is_open(part: object) -> bool:
    """Whether the part's value depends on properties."""
    return next(placeholders(part), None) is not None


def _in_text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
