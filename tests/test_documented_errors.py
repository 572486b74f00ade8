"""The 500 that document B promises of every endpoint: the envelope, and nothing of what went wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from tests.fixtures import PASSWORD, UserFactory
from tests.test_schema import DOCUMENTED
from tests.undone import undone

pytestmark = pytest.mark.django_db

# Document B's follow document A's; the categories are of both.
ENDPOINTS = [line for line in DOCUMENTED[DOCUMENTED.index("POST /api/register") :].split("\n") if line]
BODY = {"name": "johndoe", "email": "john@example.com", "password": PASSWORD, "c_password": PASSWORD}
"""Enough to register and to log in; whoever has a token gets no further than to its session."""


def test_without_its_tables_every_endpoint_answers_a_500_that_tells_nothing(
    make_user: UserFactory, client_of: Callable[[User], APIClient], settings: Any
) -> None:
    settings.THROTTLES = {}
    chief = client_of(make_user(role=User.Role.SUPER_ADMINISTRATOR))
    told = {}
    for line in [*ENDPOINTS, "GET /api/categories", "GET /api/categories/{}"]:
        method, path = line.split(" ")
        # What is remembered needs no table.
        cache.clear()
        with undone():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL search_path TO nowhere")
            answer = chief.generic(
                method,
                path.format(1),
                json.dumps(BODY),
                content_type="application/json",
                headers={"X-Request-ID": "1"},
            )
        told[line] = (answer.status_code, answer.json())
    envelope = {"success": False, "message": "Internal server error", "code": "server_error", "request_id": "1"}
    assert {line: answer for line, answer in told.items() if answer != (500, envelope)} == {}
