"""Bodies made from serializers, and the encodings in which clients send one and the same body."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers

FORM = "application/x-www-form-urlencoded"
Encoded = tuple[str, bytes]
"""A content type and a body."""


@dataclass(frozen=True)
class Operation:
    """What a route takes."""

    name: str
    view: Any
    serializer: type[serializers.Serializer[Any]]
    partial: bool


def operations() -> Iterator[Operation]:
    """Every operation of the schema that has a body, but uploads, which only a multipart form can carry."""
    generator = SchemaGenerator()
    generator.parse(None, True)
    for path, _, method, view in generator._get_paths_and_endpoints():
        view.schema.method = method
        request = view.schema.get_request_serializer() if method in ("POST", "PUT", "PATCH") else None
        partial = getattr(request, "partial", False)
        serializer = request if isinstance(request, type) else type(request)
        if issubclass(serializer, serializers.Serializer) and not _takes_files(serializer):
            yield Operation(f"{method} {path}", view, serializer, partial)


def _takes_files(serializer: type[serializers.Serializer[Any]]) -> bool:
    return any(isinstance(field, serializers.FileField) for field in serializer().fields.values())


def bodies(serializer: serializers.Serializer[Any]) -> Iterator[dict[str, Any]]:
    """Nothing; what is required; everything; and each field alone, with each value that tells encodings apart."""
    fields = {name: list(samples(field)) for name, field in serializer.fields.items() if not field.read_only}
    yield {}
    yield {name: values[0] for name, values in fields.items() if serializer.fields[name].required}
    yield {name: values[0] for name, values in fields.items()}
    for name, values in fields.items():
        yield from ({name: value} for value in values)


def samples(field: Any) -> Iterator[Any]:  # noqa: C901 - a table: one case a kind of field
    """Values in JSON, the plainest first; right and wrong ones."""
    match field:
        case serializers.BooleanField():
            yield from (True, False)
        case serializers.IntegerField():
            yield from (field.min_value or 1, 7, -1, 2**40, 1.5)
        case serializers.FloatField() | serializers.DecimalField():
            yield from ((field.min_value and float(field.min_value)) or 1.0, 2, 0.5, -1)
        case serializers.MultipleChoiceField() | serializers.ListField() | serializers.ListSerializer():
            items = list(samples(field.child))
            yield from (items[:2], items[:1], [], items)
        case serializers.Serializer():
            yield from bodies(field)
        case serializers.ChoiceField():
            yield from (*field.choices, "none of these")
        case serializers.CharField():
            yield from ("ann@example.com", "5", "true", "null", " x ", "[1]", "{", "Grüße\n𝕏")
        case serializers.DictField() if isinstance(field.child, serializers.CharField):
            yield {"a": "b"}
        case serializers.DictField() | serializers.JSONField():
            yield from ({"zoom": "0: (1.02)", "W": 64, "on": True, "deep": {"list": [1, "x"]}}, {"a": 0.5})
        case serializers.DateField():
            yield from ("2026-01-02", "yesterday")
        case _:
            yield from ("canny", {"type": "canny", "weight": 0.5}, ["canny", "depth"], [{"type": "tile"}])
    if field.allow_null:
        yield None


def as_json(body: dict[str, Any]) -> Encoded:
    return "application/json", json.dumps(body).encode()


def as_form(body: dict[str, Any]) -> Encoded:
    """Names in brackets: ``a[b][0]=1``."""
    return FORM, urlencode(list(_leaves(body))).encode()


def as_form_of_json(body: dict[str, Any]) -> Encoded:
    """Lists and objects as JSON text."""
    return FORM, urlencode([(name, _text(value)) for name, value in body.items()]).encode()


def as_multipart(body: dict[str, Any]) -> Encoded:
    return MULTIPART_CONTENT, encode_multipart(BOUNDARY, dict(_leaves(body)))


ENCODINGS: dict[str, Callable[[dict[str, Any]], Encoded]] = {
    "form": as_form,
    "form of JSON": as_form_of_json,
    "multipart": as_multipart,
}


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list) and (value or not name):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for step, member in members:
            yield from _leaves(member, f"{name}[{step}]" if name else str(step))
    else:
        yield name, _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
