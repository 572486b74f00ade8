"""A form as the object that JSON would have carried: what it leaves out stays out, each text is typed by its field.

- Numbers and booleans are read from their text. Of a name that is repeated the last one counts.
- Lists are repeated names, ``a[]``, ``a[0]``, or JSON text; objects are ``a[b]``, JSON text, or a file of JSON.
- Inside an object whose members nobody declared, ``5``, ``true`` and ``null`` are what they are in JSON.
- An empty text is an empty text where the field takes one, else null, else nothing if the field may be left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TypeAlias

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.fields import empty

from config.api.json_text import MAX_DEPTH, TOO_DEEP, BadJson, decode, loads

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_STEP = re.compile(r"\[([^\[\]]*)\]")
_LITERAL = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?")
_LISTS = serializers.ListField | serializers.ListSerializer | serializers.MultipleChoiceField
_OBJECTS = serializers.Serializer | serializers.DictField
_LITERALS = serializers.IntegerField | serializers.FloatField | serializers.BooleanField
_AS_GIVEN = (
    serializers.CharField
    | serializers.ChoiceField
    | serializers.DecimalField
    | serializers.DateField
    | serializers.DateTimeField
    | serializers.FileField
)

Problems = dict[str, list[str]]


class _Given(list[str | UploadedFile]):
    """What a form gave under one name: texts and files."""


_Branch: TypeAlias = "dict[str, _Node]"
_Node: TypeAlias = "_Branch | _Given"


def form_values(serializer: serializers.Serializer, form: QueryDict) -> tuple[dict[str, object], Problems]:
    """The object that the form stands for, and by name what can't be read."""
    tree, problems = _tree(form)
    values: dict[str, object] = {}
    for name, node in tree.items():
        field = serializer.fields.get(name)
        try:
            value = _plain(node) if field is None else _value(field, node)
        except BadJson as error:
            problems[name] = [str(error)]
        else:
            if value is not empty:
                values[name] = value
    return values, problems


def _tree(form: QueryDict) -> tuple[_Branch, Problems]:
    """Names in brackets as branches: ``a[b]=1`` is ``{"a": {"b": ["1"]}}``."""
    tree: _Branch = {}
    problems: Problems = {}
    for name, given in form.lists():
        match = _NAME.fullmatch(name)
        path = [match[1], *_STEP.findall(match[2])] if match else [name]
        if len(path) > MAX_DEPTH:
            problems[path[0]] = [TOO_DEEP]
        elif not _plant(tree, path, _Given(given)):
            problems[path[0]] = ["Is given both as a whole and by its members."]
    return tree, problems


def _plant(branch: _Branch, path: list[str], leaf: _Given) -> bool:
    for step in path[:-1]:
        inner = branch.setdefault(step, {})
        if isinstance(inner, _Given):
            return False
        branch = inner
    return branch.setdefault(path[-1], leaf) is leaf


def _value(field: serializers.Field, node: _Node) -> object:
    """What the field would have been given in JSON; ``empty`` for nothing."""
    if isinstance(field, _LISTS):
        return _list(field, node)
    if isinstance(node, dict):
        return _object(field, node)
    last = node[-1]
    if last == "":
        return _nothing(field)
    if isinstance(field, _AS_GIVEN):
        return last
    if isinstance(field, _LITERALS):
        return _literal(last)
    return loads(_text(last)) if isinstance(field, _OBJECTS) else _open(node)


def _list(field: serializers.Field, node: _Node) -> object:
    child = getattr(field, "child", None) or serializers.CharField()
    if isinstance(node, _Given) and len(node) == 1 and not isinstance(child, serializers.FileField):
        if node[0] == "":
            return _nothing(field)
        if isinstance(node[0], UploadedFile) or node[0].lstrip().startswith("["):
            return loads(_text(node[0]))
    values = (_value(child, item) for item in _items(node))
    return [value for value in values if value is not empty]


def _object(field: serializers.Field, node: _Branch) -> object:
    if isinstance(field, serializers.Serializer):
        inner = field.fields
        values = {name: _value(inner[name], item) if name in inner else _plain(item) for name, item in node.items()}
    elif isinstance(field, serializers.DictField):
        values = {name: _value(field.child, item) for name, item in node.items()}
    else:
        return _open(node)
    return {name: value for name, value in values.items() if value is not empty}


def _items(node: _Node) -> Iterator[_Node]:
    """The members of a list, in the order of their indices, each as if it had come alone."""
    if isinstance(node, _Given):
        yield from (_Given([part]) for part in node)
        return
    for _, item in sorted(node.items(), key=lambda entry: int(entry[0]) if _is_index(entry[0]) else math.inf):
        yield from _items(item) if isinstance(item, _Given) else [item]


def _open(node: _Node) -> object:
    """A value of a shape that no serializer knows: all indices make a list, other names an object."""
    if isinstance(node, dict):
        if all(step == "" or _is_index(step) for step in node):
            return [_open(item) for item in _items(node)]
        return {name: _open(item) for name, item in node.items()}
    values = [_literal(part) for part in node]
    return values if len(values) > 1 else values[0]


def _plain(node: _Node) -> object:
    """What nobody declared, as it came."""
    return {name: _plain(item) for name, item in node.items()} if isinstance(node, dict) else node[-1]


def _nothing(field: serializers.Field) -> object:
    """What an empty text stands for."""
    if getattr(field, "allow_blank", False):
        return ""
    if field.allow_null:
        return None
    may_be_absent = not field.required or getattr(field.root, "partial", False)
    return empty if may_be_absent and not isinstance(field, serializers.CharField) else ""


def _literal(part: str | UploadedFile) -> object:
    text = _text(part).strip()
    return loads(text) if text[:1] in ("{", "[") or _LITERAL.fullmatch(text) else part


def _text(part: str | UploadedFile) -> str:
    return decode(part.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)) if isinstance(part, UploadedFile) else str(part)


def _is_index(step: str) -> bool:
    return step.isascii() and step.isdigit() and len(step) < 10
