"""What of a body nobody reads."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.serializers import Serializer

from config.api.bodies import raw_body
from config.api.idempotency import FIELD
from studio.requests.parsing import unknown_keys


def unread_keys(serializer: type[Serializer[object]], request: Request) -> list[str]:
    """The names in the body that mean nothing to the serializer."""
    return unknown_keys(raw_body(serializer, request), {*serializer().fields, FIELD})
