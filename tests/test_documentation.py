"""Every operation of the API is told to its reader: in words, with examples that fit, and with its error codes."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from config.api.codes import codes
from config.api.documentation import operations
from tests.described import registry, schema
from tests.worker import addresses

WIRE_BYTES = 500_000
INTERNALS = re.compile(r"``|\bdocument [AB]\b|serializer|viewset|partial=True|\bDjango\b|base class", re.IGNORECASE)


def described() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents() -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every body of every operation, with the pointer to its schema."""
    for name, operation in described():
        method, path = name.split(" ")
        at = f"/paths/{_step(path)}/{method.lower()}"
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} request {media}", content, f"{at}/requestBody/content/{_step(media)}/schema"
        for status, response in operation["responses"].items():
            for media, content in response.get("content", {}).items():
                pointer = f"{at}/responses/{status}/content/{_step(media)}/schema"
                yield f"{name} {status} {media}", content, pointer


def examples(content: dict[str, Any]) -> list[Any]:
    several = [example["value"] for example in content.get("examples", {}).values()]
    return several or [content[key] for key in ("example",) if key in content]


def test_the_schema_is_valid_openapi() -> None:
    validate(schema())


def test_every_operation_says_what_it_does() -> None:
    tags = {tag["name"]: tag["description"] for tag in schema()["tags"]}
    missing = {
        name: missing
        for name, operation in described()
        if (missing := [key for key in ("summary", "description") if not operation.get(key, "").strip()])
        or (missing := [tag for tag in operation["tags"] if not tags.get(tag)])
    }
    assert missing == {}
    assert {name for name, operation in described() if len(operation["summary"]) > 60} == set()


def test_what_is_told_is_served() -> None:
    assert set(operations()) == {name for name, _ in described()}


def test_nothing_tells_how_it_is_made() -> None:
    texts = {name: f"{operation['summary']} {operation['description']}" for name, operation in described()}
    for name, component in schema()["components"]["schemas"].items():
        inner = [member.get("description", "") for member in component.get("properties", {}).values()]
        texts[name] = " ".join([component.get("description", ""), *inner])
    assert {name: text for name, text in texts.items() if INTERNALS.search(text)} == {}


def test_every_body_has_an_example() -> None:
    assert [name for name, content, _ in contents() if not examples(content)] == []


def test_every_example_is_of_its_schema() -> None:
    faults = {}
    for name, content, pointer in contents():
        validator = OAS30Validator({"$ref": f"schema:#{pointer}"}, registry=registry())
        for example in examples(content):
            if found := [f"{error.json_path}: {error.message}" for error in validator.iter_errors(example)]:
                faults[name] = found
    assert faults == {}


def test_addresses_in_examples_are_whole() -> None:
    texts = {name: json.dumps(example) for name, content, _ in contents() for example in examples(content)}
    assert [name for name, text in texts.items() if '": "/' in text] == []


def test_every_refusal_names_its_codes() -> None:
    wrong = {
        f"{name} {status}": sorted(found)
        for name, operation in described()
        for status, response in operation["responses"].items()
        if status >= "400"
        for content in response.get("content", {}).values()
        if (found := set(content.get("examples", {})))
        != {code for code in found if codes()[code].status == int(status)}
    }
    assert wrong == {}


def test_the_page_about_http_lists_the_same_codes() -> None:
    page = (Path(settings.BASE_DIR) / "docs" / "http.md").read_text()
    table = page[page.index("## Codes") : page.index("A render that fails")]
    assert set(re.findall(r"`([a-z0-9_]+)`", table)) - {"code"} == set(codes())


def test_who_needs_a_login_and_a_body_is_told_what_may_go_wrong() -> None:
    create = schema()["paths"]["/api/upload"]["post"]["responses"]
    assert {"201", "400", "401", "413", "415", "422", "429", "500"} <= set(create)
    assert "Retry-After" in create["429"]["headers"]
    assert "401" not in schema()["paths"]["/api/login"]["post"]["responses"]["200"]
    assert "503" in schema()["paths"]["/api/status"]["get"]["responses"]
    # Nobody is told of a body that is never read, nor of staff where anybody may ask.
    assert not {"400", "413", "415"} & set(schema()["paths"]["/api/videos"]["get"]["responses"])
    assert "403" not in schema()["paths"]["/api/videos"]["get"]["responses"]


@pytest.mark.django_db
def test_it_travels_compressed(client: Client) -> None:
    plain = client.get("/api/schema")
    small = client.get("/api/schema", headers={"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert len(small.content) < WIRE_BYTES
    assert json.loads(gzip.decompress(small.content)) == plain.json() == schema()


def _step(text: str) -> str:
    return text.replace("~", "~0").replace("/", "~1")


@pytest.mark.django_db(transaction=True)
def test_many_may_ask_for_the_schema_at_once() -> None:
    """In a new process: what writes the schema is loaded by the first who asks."""
    ask = """
import threading, django
django.setup()
from django.test import Client
gate, statuses = threading.Barrier(8), []
def look():
    gate.wait()
    statuses.append(Client().get("/api/schema", SERVER_NAME="localhost").status_code)
threads = [threading.Thread(target=look) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert statuses == [200] * 8, statuses
"""
    environment = {**os.environ, **addresses(), "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run([sys.executable, "-c", ask], env=environment, cwd=settings.BASE_DIR, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
