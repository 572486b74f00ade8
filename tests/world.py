"""The product with one row of everything, and everybody who may call: what tests of all routes are asked in."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rest_framework.test import APIClient

from accounts.models import User
from commerce.tests.stripe_server import KEY, WEBHOOK_SECRET, StripeServer
from studio.models import ModelFile
from tests import permission_table as table
from tests.fixtures import UserFactory
from tests.permission_rows import SECRET, Row, make_rows
from tests.undone import undone

OUTSIDERS = ("nobody", "colleague", "stranger")
"""Who reads and changes nothing private of the owner's."""
MISSING = 10**9
"""No row has this key."""
ABSENT = {"int": MISSING, "uuid": uuid.UUID(int=0), "str": "none", "slug": "none"}
"""What no row has, by the path's converter."""


def rows(text: str) -> list[str]:
    return text.split("\n")[1:-1]


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True)
class Line:
    """A line of ``ROWS`` or, without a row, of ``REFERENCES``."""

    statuses: tuple[int, ...]
    method: str
    route: str
    row: str
    body: Any

    @classmethod
    def read(cls, text: str, *, names_row: bool) -> Line:
        statuses, rest = text[:23].split(), text[25:]
        method, route, *more = rest.split(" ", 3 if names_row else 2)
        row = more.pop(0) if names_row else ""
        return cls(tuple(map(int, statuses)), method, route, row, json.loads(more[0]) if more else None)


@dataclass
class World:
    clients: dict[str, APIClient]
    rows: dict[str, Row]

    def call(self, actor: str, method: str, path: str, body: Any = None, row: Row | None = None) -> Answer:
        """What the actor is answered; pages take forms, the API JSON."""
        content, content_type = json.dumps(body or {}).encode(), "application/json"
        if not path.startswith(("/api/", "/status/")):
            content, content_type = urlencode(body or {}).encode(), "application/x-www-form-urlencoded"
        headers = {"Idempotency-Key": "a key"}
        if row and row.content:
            content, headers = row.content, row.headers
            content_type = headers.get("Content-Type", content_type)
        answer = self.clients[actor].generic(method, path, content, content_type=content_type, headers=headers)
        told = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return Answer(answer.status_code, told)

    def statuses(self, request: str) -> dict[str, Answer]:
        """What each actor gets for a request without a row, nothing of it lasting."""
        answers = {}
        for actor in self.clients:
            with undone():
                answers[actor] = self.call(actor, *request.split(" "))
        return answers

    def problems(self, line: Line) -> Iterator[str]:
        """What differs from the line, and what is told or changed that should not be."""
        named = {name: self.rows[name] for name in [line.row, *_named(line)] if name in self.rows}
        theirs = [row for row in named.values() if not row.shared]
        by_link = any(row.link for row in theirs)
        before = [row.state() for row in theirs]
        for actor, expected in zip(table.ACTORS, line.statuses, strict=True):
            outsider = actor in OUTSIDERS and not by_link
            refused = expected >= 400
            with undone():
                answer = self.call(actor, *self.request(line, actor))
                changed = (outsider or refused) and [row.state() for row in theirs] != before
            if changed:
                yield f"{actor} changed the row"
            if answer.status != expected:
                yield f"{actor} got {answer.status} instead of {expected}: {answer.body[:300]!r}"
            if (outsider or (refused and actor != "owner")) and SECRET.encode() in answer.body:
                yield f"{actor} was told: {answer.body[:300]!r}"
            if actor == "stranger" and expected == 404:
                missing = self.call(actor, *self.request(line, actor, missing=True))
                if answer.body != missing.body:
                    yield f"{actor} can tell the row from one that does not exist: {answer.body[:300]!r}"

    def request(self, line: Line, actor: str, *, missing: bool = False) -> tuple[Any, ...]:
        """Method, path, body and row of a call; ``missing``: with what no row has in place of the owner's."""

        def key(name: str) -> Any:
            row = self.rows[f"{name} of {actor}"] if name.startswith("own-") else self.rows[name]
            return MISSING if (missing and not row.shared) or row.instance is None else row.instance.pk

        def fill(value: Any) -> Any:
            if isinstance(value, dict):
                return {name: fill(inner) for name, inner in value.items()}
            if isinstance(value, list):
                return [fill(inner) for inner in value]
            return key(value[1:]) if isinstance(value, str) and value.startswith("$") else value

        row = self.rows[line.row] if line.row else None
        values = iter(row.values if row else ())
        path = re.sub(r"<(\w+):\w+>", lambda found: str(ABSENT[found[1]] if missing else next(values)), line.route)
        path = re.sub(r"\$([\w-]+)", lambda found: str(key(found[1])), path)
        return line.method, path, fill(line.body), row


def _named(line: Line) -> list[str]:
    return re.findall(r"\$([\w-]+)", line.route + json.dumps(line.body))


def make_world(
    make_user: UserFactory,
    client_of: Callable[[User], APIClient],
    settings: Any,
    media_dir: Path,
    stripe_process: StripeServer,
) -> World:
    settings.THROTTLES = {}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = KEY, WEBHOOK_SECRET
    settings.STRIPE_API_BASE = stripe_process.url
    settings.SOCIALACCOUNT_PROVIDERS = {"discord": {"APPS": [{"client_id": "client", "secret": "secret"}]}}
    ModelFile.objects.create(name="Built-in", slug="built-in", location="builtin:", is_default=True)
    owner = make_user(name="owner", email=f"{SECRET}@example.org", first_name=SECRET)
    people = {
        "owner": owner,
        "colleague": make_user(name="colleague", tenant=owner.tenant, tenant_role=User.TenantRole.MEMBER),
        "stranger": make_user(name="stranger"),
        "staff": make_user(name="staff", role=User.Role.ADMINISTRATOR),
        "chief": make_user(name="chief", role=User.Role.SUPER_ADMINISTRATOR),
    }
    others = {name: make_user(name=name) for name in ("peer", "pest")}
    rows = make_rows(people | others, media_dir)
    clients = {"nobody": APIClient(), **{name: client_of(user) for name, user in people.items()}}
    return World(clients, rows | {f"own-{what} of nobody": Row(None, shared=True) for what in ("chat", "request")})
