"""Every route with every method that it does not serve: nothing answers but a 405."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from accounts.models import DataRequest, User

METHODS = ("get", "post", "put", "patch", "delete", "options", "trace", "connect")
_SAMPLES = {"int": "1", "uuid": "00000000-0000-0000-0000-000000000001", "str": "x", "slug": "x"}

pytestmark = pytest.mark.django_db


def viewset_routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from viewset_routes(pattern, path)
        elif isinstance(pattern, URLPattern) and (actions := getattr(pattern.callback, "actions", None)):
            yield path, actions


def test_no_route_answers_a_method_that_it_does_not_declare(api: APIClient, user: User) -> None:
    wrong: list[Any] = []
    taken: dict[str, set[str]] = {}
    for path, actions in viewset_routes():
        url = "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: _SAMPLES[found[1] or "str"], path)
        # Two routes of one address are told apart by what follows the first: the first answers.
        taken.setdefault(url, set(actions))
        for method in METHODS:
            if method not in taken[url]:
                status = api.generic(method.upper(), url).status_code
                if status not in (405, 404):
                    wrong.append((method, url, status))
    assert len(taken) > 80
    assert wrong == []
    user.refresh_from_db()
    assert user.is_active
    assert not DataRequest.objects.exists()


def test_deleting_the_export_does_not_delete_the_account(api: APIClient, user: User) -> None:
    for path in ("/api/me/export", "/api/me/delete"):
        for method in ("delete", "put", "patch"):
            answer = api.generic(method.upper(), path)
            assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert api.get("/api/me").status_code == 200
