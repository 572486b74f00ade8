"""Holds every answer of the tests to the OpenAPI schema: its status must be documented, its JSON of that shape.

The middleware stands outermost in every test run (``conftest.py``), so each test of the API is one of the schema, too.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from drf_spectacular.generators import SchemaGenerator
from openapi_schema_validator import OAS30ReadValidator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
_SCHEMA = "schema:"


class DescribedAnswers:
    """Raises AssertionError, which the test client raises in the test, for what the schema does not describe."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if settings.ROOT_URLCONF == "config.urls" and request.resolver_match is not None:
            difference = undescribed(request.method or "", request.resolver_match.route, response)
            assert difference is None, difference
        return response


def undescribed(method: str, route: str, response: HttpResponse) -> str | None:
    """What the schema does not say of this answer; None if it says all, or does not have the route at all."""
    path = "/" + _CONVERTER.sub(r"{\1}", route)
    operation = schema()["paths"].get(path, {}).get("get" if method == "HEAD" else method.lower())
    if operation is None:
        return None
    if response.status_code == 304:
        # What a condition of the client's own brings, on any GET.
        return None
    where = f"{method} {path} answers {response.status_code}"
    described = operation["responses"].get(str(response.status_code))
    if described is None:
        return f"{where}, which is not documented: {_start(response)}"
    media = response.headers.get("Content-Type", "").partition(";")[0]
    content = described.get("content", {})
    if response.streaming or method == "HEAD" or not response.content:
        return None
    if media not in content:
        return f"{where} with {media!r}, documented are {sorted(content)}"
    if media != "application/json":
        return None
    body = json.loads(response.content)
    if response.status_code >= 400 and "examples" in content[media] and body["code"] not in content[media]["examples"]:
        return f"{where} {body['code']!r}, documented are {sorted(content[media]['examples'])}"
    validator = _validator(path, method.lower(), str(response.status_code))
    faults = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
    return f"{where} in another shape: {'; '.join(faults)[:1500]}" if faults else None


@functools.cache
def schema() -> dict[str, Any]:
    return json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))


@functools.cache
def registry() -> Registry[Any]:
    return Registry().with_resource(_SCHEMA, Resource.from_contents(schema(), default_specification=DRAFT4))


@functools.cache
def _validator(path: str, method: str, status: str) -> Any:
    steps = ["paths", path, method, "responses", status, "content", "application/json", "schema"]
    pointer = "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
    reference = {"$ref": f"{_SCHEMA}#/{pointer}"}
    return OAS30ReadValidator(reference, registry=registry(), format_checker=oas30_format_checker)


def _start(response: HttpResponse) -> str:
    return "" if response.streaming else response.content[:300].decode(errors="replace")
