"""An answer is a row: the ``TypedDict`` beside the query that fills it is all that the schema says of it.

::

    class FileRow(TypedDict):
        id: int
        size: Annotated[int, "Bytes."]
        status: Annotated[str, MediaFile.Status]
        owner: PersonRow | None
        checksum: NotRequired[str]

    @extend_schema(responses=FileRow)
    @extend_schema(responses=Sequence[FileRow])

In ``Annotated`` a text describes the member; choices, or a tuple, are its values; a field class is its kind, where the
type says too little (``Annotated[str, EmailField]``). The component is named like the row, without ``Row``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

from django.db.models import Choices
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from config.api.documentation import Schema

_KINDS: dict[object, type[serializers.Field]] = {
    bool: serializers.BooleanField,
    int: serializers.IntegerField,
    float: serializers.FloatField,
    Decimal: serializers.FloatField,
    str: serializers.CharField,
    date: serializers.DateField,
    datetime: serializers.DateTimeField,
    UUID: serializers.UUIDField,
    Any: serializers.JSONField,
    object: serializers.JSONField,
}


class Rows(OpenApiSerializerExtension):
    """Lets drf-spectacular take a row for what a serializer of the same members would be."""

    @classmethod
    def _matches(cls, target: object) -> bool:
        return is_typeddict(target)

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str:
        name: str = auto_schema.get_serializer_name(row_serializer(self.target)(), direction)
        return name

    def get_identity(self, auto_schema: AutoSchema, direction: Direction) -> object:
        return row_serializer(self.target)

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> Schema:
        schema: Schema = auto_schema._map_serializer(row_serializer(self.target), direction)
        return schema


@functools.cache
def row_serializer(row: type) -> type[serializers.Serializer]:
    """A serializer of the row's members, which only the schema knows: nothing is serialized by it."""
    members = {name: _member(hint) for name, hint in get_type_hints(row, include_extras=True).items()}
    name = f"{row.__name__.removesuffix('Row')}Serializer"
    return type(name, (serializers.Serializer,), {**members, "__doc__": row.__doc__, "__module__": row.__module__})


def items_of(hint: object) -> object:
    """The row of ``Sequence[Row]``; None of anything else."""
    return get_args(hint)[0] if get_origin(hint) in (Sequence, list) else None


def _member(hint: Any, **options: object) -> serializers.Field:
    inner = get_args(hint)
    match get_origin(hint):
        case origin if origin is NotRequired:
            return _member(inner[0], required=False, **options)
        case origin if origin is Annotated:
            return _annotated(hint.__origin__, hint.__metadata__, options)
        case origin if origin in (Union, UnionType):
            (known,) = (part for part in inner if part is not NoneType)
            return _member(known, allow_null=True, **options)
        case origin if origin is Literal:
            return serializers.ChoiceField(choices=inner, **options)
        case origin if origin in (Sequence, list):
            if is_typeddict(inner[0]):
                return row_serializer(inner[0])(many=True, **options)
            return serializers.ListField(child=_member(inner[0]), **options)
        case origin if origin is dict:
            child = {} if inner[1] in (Any, object) else {"child": _member(inner[1])}
            return serializers.DictField(**child, **options)
    return row_serializer(hint)(**options) if is_typeddict(hint) else _KINDS[hint](**options)


def _annotated(hint: object, notes: tuple[Any, ...], options: dict[str, object]) -> serializers.Field:
    kind: Callable[..., serializers.Field] | None = None
    for note in notes:
        if isinstance(note, str):
            options["help_text"] = note
        elif isinstance(note, tuple):
            kind = functools.partial(serializers.ChoiceField, choices=note)
        elif issubclass(note, Choices):
            kind = functools.partial(serializers.ChoiceField, choices=note.choices)
        else:
            kind = note
    if kind is None:
        return _member(hint, **options)
    nullable = {"allow_null": True} if NoneType in get_args(hint) else {}
    return kind(**nullable, **options)
