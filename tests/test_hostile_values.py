"""Values that no column, clock or parser can hold, in every path, parameter and field: refused, and never a 500."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts.models import User
from config.api.fields import Date, DateTime, Field, Int, Number, Str
from config.api.filters import ListSpec
from tests.bodies import Operation, bodies, operations
from tests.fixtures import UserFactory
from tests.undone import undone

# Thousands of requests.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

VALUES: list[Any] = [2**31, 2**63 - 1, 1e30, "NaN", "9999-12-31", {"a": [[1]]}]
IDS = [0, 2**31, 2**63, 10**30, "9" * 5000]
EDGES: dict[type[Field], list[str]] = {
    Int: [str(2**63 - 1), str(-(2**63))],
    Number: ["-1e30"],
    Date: ["9999-12-31", "0001-01-01"],
    DateTime: ["9999-12-31", "0001-01-01T00:00:00+23:00"],
    Str: ["\\" * 255],
}
"""By the type of a filter, what lies at the ends of it, and behind."""
PARAMETERS = {"page": 10**9, "perPage": 200, "after": "9" * 18, "from": "0001-01-01", "to": "9999-12-31"}
OPERATORS = ("=", "between")


@pytest.fixture
def chief(make_user: UserFactory, client_of: Callable[[User], APIClient], settings: Any) -> APIClient:
    settings.THROTTLES = {}
    # A good one takes longer than everything else here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    client = client_of(make_user(role=User.Role.SUPER_ADMINISTRATOR))
    client.raise_request_exception = False
    return client


def status(client: APIClient, method: str, path: str, body: Any = None) -> int:
    """The answer's status; whatever the request did is undone."""
    with undone():
        answer = client.generic(method, path, orjson.dumps(body) if body is not None else b"", "application/json")
    return answer.status_code


def endpoints() -> Iterator[tuple[str, str, Any]]:
    generator = SchemaGenerator()
    generator.parse(None, True)
    for path, _, method, view in generator._get_paths_and_endpoints():
        yield method, path, view


def test_ids_in_paths(chief: APIClient) -> None:
    failed = {}
    for method, path, _ in endpoints():
        if "{" in path:
            for value in IDS:
                address = re.sub(r"{[^}]+}", str(value), path)
                if status(chief, method, address, {}) >= 500:
                    failed[f"{method} {path}"] = value
    assert failed == {}


def test_parameters_of_lists(chief: APIClient) -> None:
    failed = []
    for method, path, view in endpoints():
        if method == "GET":
            address = re.sub(r"{[^}]+}", "1", path)
            spec = getattr(view, "lists", {}).get(getattr(view, "action", "") or "get")
            for name, value in [*PARAMETERS.items(), *(edges(spec) if spec else ())]:
                query = urlencode({name: value})
                if status(chief, "GET", f"{address}?{query}") >= 500:
                    failed.append(f"{path}?{query}")
    assert failed == []


def edges(spec: type[ListSpec]) -> Iterator[tuple[str, str]]:
    for name, declared in spec.by_parameter.items():
        if declared.operator in OPERATORS:
            for value in EDGES.get(type(declared.kind), []):
                yield name.removesuffix("="), f"{value},{value}" if declared.operator == "between" else value


@pytest.mark.parametrize("operation", list(operations()), ids=lambda operation: operation.name)
def test_fields_of_bodies(chief: APIClient, operation: Operation) -> None:
    method, path = operation.name.split(" ")
    address = re.sub(r"{[^}]+}", "1", path)
    _, _, everything, *_ = bodies(operation.serializer())
    failed = {}
    for name in everything:
        for value in VALUES:
            if status(chief, method, address, {**everything, name: value}) >= 500:
                failed[name] = value
    assert failed == {}
