"""Examples of requests and answers, made of the schema: every member has a value of its type, its name decides which.

An app says what the members of its own components look like (``EXAMPLES`` of its ``documentation``); what nobody says
comes from the format, the bounds and the choices. So an example can't have a member that the schema lacks, or lack one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import UnionType
from typing import Any

from config.api.codes import codes
from config.api.documentation import Operation, Schema, operations, tags, values

JSON = "application/json"
MOMENT = "2026-01-15T10:30:00.000000Z"

_COMMON: dict[str, object] = {
    "id": 42,
    "page": 1,
    "perPage": 50,
    "totalItems": 1,
    "totalPages": 1,
    "order": "id:desc",
    "search": "",
    "filters": {},
    "nextCursor": None,
    "message": "Success",
    "url": "https://studio.example.com/files/eyJmIjo0Mn0/clip.mp4",
}
_FORMATS = {
    "date-time": MOMENT,
    "date": MOMENT[:10],
    "uuid": "5f0c1f4e-7f2e-4d0a-9a53-3a4b1c1a2d11",
    "email": "ada@example.com",
    "uri": "https://studio.example.com/",
    "binary": "(the file's bytes)",
}
_TYPES: dict[str, type | UnionType] = {
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def add_examples(result: Schema, **_: object) -> Schema:
    """Of drf-spectacular's ``POSTPROCESSING_HOOKS``."""
    normalise(result)
    made = _Examples(result.get("components", {}).get("schemas", {}))
    used = set()
    for path, methods in result["paths"].items():
        for method, described in methods.items():
            operation = operations().get(f"{method.upper()} {path}")
            used.update(described.get("tags", []))
            made.describe(described, operation)
    result["tags"] = [{"name": name, "description": text} for name, text in tags().items() if name in used]
    return result


def normalise(part: Any) -> None:
    """Say in the schema's own terms what the generator leaves in Python's.

    ``nullable`` beside a reference, where OpenAPI 3.0 gives it no meaning, becomes a choice of the two; bounds that are
    Decimals, which JSON would carry as texts, become numbers.
    """
    for key, item in list(part.items() if isinstance(part, dict) else enumerate(part)):
        if isinstance(item, Decimal):
            part[key] = float(item)
        elif isinstance(item, dict | list):
            normalise(item)
    if isinstance(part, dict) and part.get("nullable") is True and "allOf" in part:
        part["oneOf"] = [*part.pop("allOf"), {"enum": [None], "nullable": True}]


def error_example(code: str) -> Schema:
    status, message = codes()[code]
    body: Schema = {"success": False, "message": message, "code": code}
    if code == "validation_error":
        body["data"] = {"name": ["The name field is required."]}
    if status >= 500:
        body["request_id"] = "5f0c1f4e7f2e4d0a9a533a4b1c1a2d11"
    return body


class _Examples:
    def __init__(self, components: Schema) -> None:
        self._components = components

    def describe(self, described: Schema, operation: Operation | None) -> None:
        """Put an example to the request and the answer of one operation."""
        for content in described.get("requestBody", {}).get("content", {}).values():
            content["example"] = self._request(content["schema"], operation.request if operation else {})
        for response in described["responses"].values():
            for media, content in response.get("content", {}).items():
                # Errors have theirs.
                if "schema" not in content or "examples" in content:
                    continue
                example = self._value(content["schema"])
                if media == JSON and operation and isinstance(example.get("data"), dict):
                    example["data"] |= operation.answer
                content["example"] = example

    def _request(self, schema: Schema, told: Mapping[str, object]) -> object:
        component, resolved = self._resolved(schema)
        members = resolved.get("properties", {})
        # Of a change, whose members are all free to leave out, one is enough.
        wanted = resolved.get("required") or ([] if told else list(members)[:1])
        return {name: self._value(members[name], name, component) for name in wanted if name not in told} | dict(told)

    def _value(self, schema: Schema, name: str = "", component: str = "") -> Any:
        inner, resolved = self._resolved(schema)
        nullable = schema.get("nullable", False) or resolved.get("nullable", False)
        schema = resolved
        for key in (f"{component}.{name}", name):
            if key in values() and _fits(values()[key], schema, nullable):
                return values()[key]
        if "properties" in schema:
            return {member: self._value(item, member, inner) for member, item in schema["properties"].items()}
        if "enum" in schema:
            return next(choice for choice in schema["enum"] if choice is not None)
        if name in _COMMON and _fits(_COMMON[name], schema, nullable):
            return _COMMON[name]
        return self._typed(schema, name, component)

    def _typed(self, schema: Schema, name: str, component: str) -> object:
        match schema.get("type"):
            case "array":
                return [self._value(schema["items"], f"{name}[]", component)]
            case "object":
                return {}
            case "boolean":
                return False
            case "integer" | "number":
                return schema.get("default", schema.get("minimum", 1))
            case "string":
                text = _FORMATS.get(schema.get("format", ""), _words(name))
                return text[: schema.get("maxLength", len(text))]
        return None

    def _resolved(self, schema: Schema) -> tuple[str, Schema]:
        """The schema behind references, and the name of its component."""
        name = ""
        while choices := [schema[key] for key in ("$ref", "allOf", "oneOf", "anyOf") if key in schema]:
            if "$ref" in schema:
                name = schema["$ref"].rpartition("/")[2]
                schema = self._components[name]
            else:
                schema = choices[0][0]
        return name, schema


def _fits(value: object, schema: Schema, nullable: bool) -> bool:
    """Whether a name's value is meant for this member: the same name has other types elsewhere."""
    if value is None:
        return nullable
    if "enum" in schema:
        return value in schema["enum"]
    return isinstance(value, _TYPES.get(schema.get("type", ""), object)) and not (
        isinstance(value, bool) and schema.get("type") in ("integer", "number")
    )


def _words(name: str) -> str:
    if name.lower().endswith("url"):
        return f"https://studio.example.com/files/eyJmIjo0Mn0/{name}"
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\[\]]+", " ", name).strip().lower() or "text"
