"""A body means the same as JSON, as a form and as a multipart form: on every endpoint, whatever is in it."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import User
from config.api.views import APIViewSet, parse
from tenants.scope import tenant_scope
from tests.bodies import ENCODINGS, Encoded, Operation, as_json, bodies, operations

OPERATIONS = list(operations())


def understood(operation: Operation, encoded: Encoded, user: User) -> Any:
    """What the endpoint gets to work with, or why it refuses."""
    content_type, body = encoded
    request = APIRequestFactory().generic("POST", "/", body, content_type)
    force_authenticate(request, user)
    parsers: list[BaseParser] = [parser() for parser in APIViewSet.parser_classes]
    asked: Any = Request(request, parsers=parsers)
    asked.idempotency_key = None
    try:
        with tenant_scope(user.tenant_id):
            return parse(operation.serializer, asked, partial=operation.partial)
    except ValidationError as error:
        return reasons(error.detail)


def reasons(detail: Any) -> Any:
    """The errors by code: a text is told that it is none of another type than a number is."""
    if isinstance(detail, dict):
        return {name: reasons(item) for name, item in detail.items()}
    return [reasons(item) for item in detail] if isinstance(detail, list) else ErrorDetail(detail).code


def test_every_operation_with_a_body_is_tried() -> None:
    assert len(OPERATIONS) > 50


@pytest.mark.django_db
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_body_means_the_same_in_every_encoding(operation: Operation, user: User) -> None:
    tried = 0
    for body in bodies(operation.serializer()):
        meant = understood(operation, as_json(body), user)
        for name, encode in ENCODINGS.items():
            assert (name, body, understood(operation, encode(body), user)) == (name, body, meant)
            tried += 1
    assert tried
