"""A row's ``TypedDict`` is the one place that says what an answer has."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from django.conf import settings
from django.db.models import TextChoices
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from config.api.permissions import Public
from config.api.tests.toys import RecordRow
from config.api.views import APIView


class Colour(TextChoices):
    RED = "red", "Red"
    BLUE = "blue", "Blue"


class PartRow(TypedDict):
    name: str


class ThingRow(TypedDict):
    """A thing."""

    whole: Annotated[bool, "Not broken."]
    price: Decimal | None
    tokens: Annotated[Decimal | None, serializers.IntegerField]
    colour: Annotated[str, Colour]
    kind: Literal["small", "large"]
    email: Annotated[str, serializers.EmailField, "Of its owner."]
    day: date
    at: datetime
    part: PartRow | None
    parts: Sequence[PartRow]
    names: list[str]
    by_name: dict[str, int]
    anything: dict[str, Any]
    note: NotRequired[Annotated[str | None, "Where there is one."]]


class GrownRow(RecordRow):
    colour: Annotated[str | None, "New."]


def described(row: Any) -> dict[str, Any]:
    """The components of an API with one view that answers the row."""

    class View(APIView):
        permissions = {"get": [Public]}
        authentication_classes = ()

        @extend_schema(responses=row)
        def get(self, request: Any) -> Any: ...

    schema = SchemaGenerator(patterns=[path("api/toys", View.as_view())]).get_schema(public=True)
    data = schema["paths"]["/api/toys"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return {"data": data["properties"]["data"], **schema["components"]["schemas"]}


def test_a_new_member_of_a_row_is_in_the_schema_with_nothing_else_to_change() -> None:
    before, after = described(RecordRow)["Record"], described(GrownRow)["Grown"]
    new = {"type": "string", "nullable": True, "description": "New."}
    assert after["properties"] == {**before["properties"], "colour": new}
    assert set(after["required"]) == {*before["required"], "colour"}


def test_every_kind_of_member() -> None:
    components = described(ThingRow)
    thing, part = components["Thing"], {"$ref": "#/components/schemas/Part"}
    assert components["data"] == {"$ref": "#/components/schemas/Thing"}
    assert thing["description"] == "A thing."
    assert set(thing["required"]) == set(ThingRow.__annotations__) - {"note"}
    members = thing["properties"]
    assert list(members) == list(ThingRow.__annotations__)
    assert members["whole"] == {"type": "boolean", "description": "Not broken."}
    assert members["price"] == {"type": "number", "format": "double", "nullable": True}
    assert members["tokens"] == {"type": "integer", "nullable": True}
    assert members["email"] == {"type": "string", "format": "email", "description": "Of its owner."}
    assert members["day"] == {"type": "string", "format": "date"}
    assert members["at"] == {"type": "string", "format": "date-time"}
    assert members["part"] == {"oneOf": [part, {"enum": [None], "nullable": True}], "nullable": True}
    assert members["parts"] == {"type": "array", "items": part}
    assert members["names"] == {"type": "array", "items": {"type": "string"}}
    assert members["by_name"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert members["anything"] == {"type": "object", "additionalProperties": {}}
    assert members["note"] == {"type": "string", "nullable": True, "description": "Where there is one."}
    assert members["colour"]["enum"] == ["red", "blue"]
    assert members["kind"]["enum"] == ["small", "large"]


def test_a_list_of_rows() -> None:
    part = {"$ref": "#/components/schemas/Part"}
    assert described(Sequence[PartRow])["data"] == {"type": "array", "items": part}


def test_no_answer_is_described_by_a_serializer() -> None:
    assert [where for name, where in answers() if name.endswith("Serializer")] == []


def answers() -> Iterator[tuple[str, str]]:
    """Every name in an ``extend_schema(responses=...)`` of the project, and where."""
    base = Path(settings.BASE_DIR)
    for file in sorted(base.glob("*/**/*.py")):
        if "tests" in file.parts or file.relative_to(base).parts[0] in ("bench", ".venv"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "responses":
                for inner in ast.walk(node.value):
                    if isinstance(inner, ast.Name):
                        yield inner.id, f"{file}:{inner.lineno}"
