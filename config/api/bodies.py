"""From a request's body to a serializer's validated values: one way for JSON and for forms, with bounds for both."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.request import Request

from config.api.forms import Problems, form_values
from config.api.serializers import Values

MAX_LIST_LENGTH = 1000
"""Of a list whose field has no ``max_length`` of its own."""

_BIGINT = 2**63


def parse(serializer_class: type[serializers.Serializer], request: Request, **options: object) -> Values:
    """The validated body, or a 422; ``options`` go to the serializer (``partial=True``)."""
    serializer = serializer_class(data={}, context={"request": request}, **options)
    serializer.initial_data, problems = _read(serializer, request.data)
    if not serializer.is_valid() or problems:
        raise serializers.ValidationError({**serializer.errors, **problems})
    return serializer.validated_data


def raw_body(serializer_class: type[serializers.Serializer], request: Request) -> Mapping[str, object]:
    """The body as JSON would have carried it, unchecked: for what must be looked at before it is parsed."""
    return _read(serializer_class(), request.data)[0]


def _read(serializer: serializers.Serializer, data: Mapping[str, object]) -> tuple[dict[str, object], Problems]:
    """The object to validate, and the problems of what is not worth looking at."""
    if isinstance(data, QueryDict):
        values, problems = form_values(serializer, data)
    else:
        values, problems = dict(data), {}
    for path, reason in _out_of_bounds(serializer, values, ""):
        problems[path] = [reason]
        values.pop(path.partition(".")[0], None)
    return values, problems


def _out_of_bounds(field: serializers.Field, value: object, path: str) -> Iterator[tuple[str, str]]:
    """Lists that would cost too much for each item to be looked at, and numbers that nothing can hold."""
    match field:
        case serializers.ListField() | serializers.ListSerializer() if isinstance(value, list):
            longest = field.max_length or MAX_LIST_LENGTH
            if len(value) > longest:
                yield path, f"Ensure this field has no more than {longest} elements."
                return
            for index, item in enumerate(value):
                yield from _out_of_bounds(field.child, item, f"{path}.{index}")
        case serializers.Serializer() if isinstance(value, Mapping):
            for name, inner in field.fields.items():
                if name in value:
                    yield from _out_of_bounds(inner, value[name], f"{path}.{name}".lstrip("."))
        case serializers.IntegerField() if field.max_value is None and not _is_storable(value):
            yield path, f"Must be an integer from {-_BIGINT} to {_BIGINT - 1}."
        case serializers.FloatField() if not _is_number(value):
            yield path, "A valid number is required."


def _is_storable(value: object) -> bool:
    """Whether a column could hold the integer; whatever is none, the field says itself."""
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"-?[0-9]{1,1000}", value) else 0
    return not isinstance(value, int) or -_BIGINT <= value < _BIGINT


def _is_number(value: object) -> bool:
    """Python takes ``true`` for 1 and the text ``nan`` for a number; whatever else is none, the field says itself."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return True
    return not isinstance(value, bool) and (not isinstance(value, float) or math.isfinite(value))
